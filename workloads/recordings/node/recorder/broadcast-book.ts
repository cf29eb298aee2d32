import { newId } from '@backlot/contract/id';
import type { Ledger } from '../ledger/ledger.ts';
import type { ChannelFacts } from './facts.ts';
import type { CutRule } from './media.ts';
import { mostSaid, said } from './said.ts';
import type { Gap } from './segment-meta.ts';
import type { WatchRules } from './watch-input.ts';

/** A segment is cut after so many bytes whatever its time, so that a single file never gets out of hand. */
const MOST_SEGMENT_BYTES = 256 * 1024 * 1024;

export interface NewTake {
  readonly id: string;
  readonly number: number;
  readonly folder: string;
  readonly broadcast: string;
}

/** Broadcasts and takes of a channel in its ledger, with the facts that they make; and when a part is full. */
export class BroadcastBook {
  readonly #ledger: Ledger;
  readonly #facts: ChannelFacts;
  readonly #rules: WatchRules;
  readonly #fence: number;
  readonly #wall: () => number;
  /** A new part was asked for: by a person, or by a changed title. */
  #partWanted = false;
  title: string | undefined;

  constructor(parts: {
    ledger: Ledger;
    facts: ChannelFacts;
    rules: WatchRules;
    fence: number;
    wall: () => number;
  }) {
    this.#ledger = parts.ledger;
    this.#facts = parts.facts;
    this.#rules = parts.rules;
    this.#fence = parts.fence;
    this.#wall = parts.wall;
  }

  get broadcast(): string | undefined {
    return this.#ledger.state.broadcast?.id;
  }

  begin(): void {
    const wall = this.#wall();
    const id = newId(Math.floor(wall));
    this.#partWanted = false;
    this.#ledger.add(
      { t: 'broadcast', id, wall },
      { t: 'fact', fact: this.#facts.broadcastStarted(id, wall, this.title) },
    );
  }

  end(why: string): void {
    const { broadcast } = this.#ledger.state;
    if (!broadcast) return;
    const fact = this.#facts.broadcastEnded(this.#wall(), {
      broadcast: broadcast.id,
      why,
      startedWall: Math.round(broadcast.startedWall),
      endedWall: Math.round(broadcast.lastWall),
      lossMs: Math.round(broadcast.lossMs),
      takes: broadcast.lastTake,
      segments: broadcast.segments,
      bytes: broadcast.bytes,
      ...(this.title === undefined ? {} : { title: this.title }),
    });
    this.#ledger.add({ t: 'fact', fact }, { t: 'over' });
  }

  beginTake(address: string): NewTake {
    const { broadcast, takes } = this.#ledger.state;
    if (!broadcast) throw new Error('A take belongs to a broadcast.');
    const wall = this.#wall();
    const take: NewTake = {
      id: newId(Math.floor(wall)),
      number: broadcast.lastTake + 1,
      folder: `t${this.#fence}-${takes + 1}`,
      broadcast: broadcast.id,
    };
    this.#ledger.add(
      { t: 'take', take: take.id, number: take.number },
      { t: 'fact', fact: this.#facts.takeStarted(broadcast.id, take.id, take.number, wall, address) },
    );
    return take;
  }

  endTake(why: string): void {
    const { take, broadcast } = this.#ledger.state;
    if (!take?.open || !broadcast) return;
    const fact = this.#facts.takeEnded(broadcast.id, take.id, take.number, this.#wall(), why);
    this.#ledger.add({ t: 'fact', fact }, { t: 'take-end' });
  }

  gaps(gaps: readonly Gap[]): void {
    const { broadcast } = this.#ledger.state;
    if (!broadcast) return;
    const wall = this.#wall();
    for (const gap of gaps) this.#ledger.add({ t: 'fact', fact: this.#facts.gap(broadcast.id, gap, wall) });
  }

  retitle(words: string): void {
    const title = said(words, mostSaid.title);
    if (title === this.title) return;
    const known = this.title !== undefined;
    this.title = title;
    this.#ledger.add({ t: 'fact', fact: this.#facts.title(title, this.#wall(), this.broadcast) });
    if (known && this.#rules.cut.onTitle) this.split();
  }

  /** The next keyframe begins a new part. */
  split(): void {
    this.#partWanted = true;
  }

  /** Asked at every keyframe. */
  readonly cut: CutRule = (segmentMs, segmentBytes) => {
    const { cut, segmentMs: usual } = this.#rules;
    const { broadcast } = this.#ledger.state;
    const partMs = (broadcast?.partMs ?? 0) + segmentMs;
    const partBytes = (broadcast?.partBytes ?? 0) + segmentBytes;
    if (
      this.#partWanted ||
      (cut.everyMs !== undefined && partMs >= cut.everyMs) ||
      (cut.bytes !== undefined && partBytes >= cut.bytes)
    ) {
      this.#partWanted = false;
      return 'part';
    }
    return segmentMs >= usual || segmentBytes >= MOST_SEGMENT_BYTES ? 'due' : 'no';
  };
}
