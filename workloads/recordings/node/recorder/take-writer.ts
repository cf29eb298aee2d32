import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Ledger } from '../ledger/ledger.ts';
import type { OpenSegment, RunEnd } from '../ledger/rows.ts';
import { containerFiles } from '../segments/container-files.ts';
import type { SegmentDisk } from '../segments/disk-port.ts';
import type { DiskSync } from '../segments/disk-sync.ts';
import { salvageSegment } from '../segments/salvage.ts';
import { SegmentFile } from '../segments/segment-file.ts';
import type { SourceContainer } from '../source-port.ts';
import { WallAnchor } from '../time/wall-anchor.ts';
import { closedRow } from './close-segment.ts';
import type { MediaOutput, SegmentFacts, SegmentStart } from './media.ts';
import { describeSegment, type Gap } from './segment-meta.ts';

export interface TakeIdentity {
  readonly id: string;
  /** In the broadcast, from 1. */
  readonly number: number;
  /** Folder of its segments: a name that no other take of the task ever has. */
  readonly folder: string;
  readonly broadcast: string;
  readonly container: SourceContainer;
  /** Why media may be missing before its first frame. */
  readonly why: string;
  /** The source goes on right where an earlier connection was, on the same clock. */
  readonly resumed: boolean;
}

export interface TakeParts {
  readonly workDir: string;
  readonly disk: SegmentDisk;
  readonly sync: DiskSync;
  readonly ledger: Ledger;
  readonly title: () => string | undefined;
  /** A segment is closed and in the ledger. */
  readonly onClosed: () => void;
  readonly onGaps: (gaps: readonly Gap[]) => void;
  readonly onDiskFailure: (error: Error) => void;
}

/** An anchor is written down when it has changed by so much, in milliseconds. */
const ANCHOR_STEP_MS = 20;

interface Growing {
  readonly open: OpenSegment;
  readonly facts: SegmentFacts;
  readonly file: SegmentFile;
  readonly remove: () => void;
  readonly why: string;
  readonly what: string | undefined;
}

/** The segments of one take: opened, filled, described, closed, in the ledger. One connection fills it. */
export class TakeWriter implements MediaOutput {
  readonly #take: TakeIdentity;
  readonly #parts: TakeParts;
  readonly #anchor = new WallAnchor();
  #growing: Growing | undefined;
  /** Where the run in work has got to, with segments that are still being closed. */
  #run: RunEnd | null;
  #number = 0;
  #closing: Promise<void> = Promise.resolve();
  #toldAnchor = Number.NaN;
  #first = true;

  constructor(take: TakeIdentity, parts: TakeParts) {
    this.#take = take;
    this.#parts = parts;
    this.#run = parts.ledger.state.broadcast?.run ?? null;
    try {
      mkdirSync(join(parts.workDir, take.folder), { recursive: true });
    } catch (error) {
      // No inodes, no quota: as if its first file could not be made, and never from within, as there.
      queueMicrotask(() => parts.onDiskFailure(error as Error));
    }
  }

  begin({ cause, facts, setup, follows, missing }: SegmentStart): void {
    this.#settle();
    const run = this.#run;
    const resumed = this.#first && this.#take.resumed && run !== null && !follows;
    if (follows && run) this.#anchor.seed(run.anchor + run.endMs + follows.afterMs - follows.firstMs);
    else if (resumed) this.#anchor.seed(run.anchor);
    else if (cause === 'run') this.#anchor.reset();
    const { ledger, workDir, disk, sync } = this.#parts;
    const { broadcast } = ledger.state;
    const known = broadcast?.setup ?? {};
    const changed = differs(known.video, setup.video) || differs(known.audio, setup.audio);
    this.#number += 1;
    const { ending } = containerFiles[this.#take.container];
    const name = `${this.#take.folder}/s${String(this.#number).padStart(5, '0')}.${ending}`;
    const newClock = this.#first || cause === 'run';
    const anchor = this.#anchor.value;
    const title = this.#parts.title();
    const open: OpenSegment = {
      name,
      container: this.#take.container,
      broadcast: this.#take.broadcast,
      take: this.#take.id,
      takeNumber: this.#take.number,
      number: broadcast?.nextSegment ?? this.#number,
      part: (broadcast?.part ?? 1) + (cause === 'part' || changed ? 1 : 0),
      cause,
      baseMs: facts.baseMs,
      startsWithKeyframe: facts.startsWithKeyframe,
      codecs: [...facts.codecs],
      width: facts.width,
      height: facts.height,
      setup,
      wall: this.wall,
      ...(anchor === undefined ? {} : { anchor }),
      newClock,
      ...(resumed ? { sameClock: true } : {}),
      ...(follows ? { afterMs: follows.afterMs } : {}),
      ...(title === undefined ? {} : { title }),
    };
    ledger.add({ t: 'open', segment: open });
    const file = new SegmentFile(disk, join(workDir, name), this.#parts.onDiskFailure);
    const why = missing !== undefined ? 'missing' : this.#first ? this.#take.why : 'jump';
    this.#growing = { open, facts, file, remove: sync.add(file), why, what: missing };
    this.#toldAnchor = Number.NaN;
    this.#first = false;
  }

  write(bytes: Buffer): void {
    this.#growing?.file.write(bytes);
  }

  /** Wall time of what is being pushed; set before every push. */
  wall = 0;

  /** After a push: what arrived goes to the disk. @param newestMs how far the source's clock has got */
  arrived(newestMs: number | undefined): void {
    this.#growing?.file.flush();
    if (newestMs === undefined) return;
    this.#anchor.observe(this.wall, newestMs);
    const { value } = this.#anchor;
    if (value === undefined || !this.#growing || Math.abs(value - this.#toldAnchor) < ANCHOR_STEP_MS) return;
    this.#toldAnchor = value;
    this.#parts.ledger.add({ t: 'anchor', name: this.#growing.open.name, anchor: value });
  }

  /** All bytes so far are whole pieces, and `token` asks for what follows. */
  position(token: string): void {
    const growing = this.#growing;
    if (!growing) return;
    const { name } = growing.open;
    const bytes = growing.facts.wholeBytes;
    // Only what is in the file counts: the row says that it can be cut there.
    if (growing.file.written >= bytes) this.#parts.ledger.add({ t: 'position', name, bytes, token });
  }

  get facts(): SegmentFacts | undefined {
    return this.#growing?.facts;
  }

  /** The segment that grows: where its bytes are, for whoever looks at the live picture. */
  get growing():
    | { readonly path: string; readonly facts: SegmentFacts; readonly written: number }
    | undefined {
    const growing = this.#growing;
    return growing && { path: growing.file.path, facts: growing.facts, written: growing.file.written };
  }

  /** `wall = source + anchor`, as far as it is known. */
  get anchor(): number | undefined {
    return this.#anchor.value;
  }

  /** The connection has ended. Resolves when all is closed and in the ledger. */
  async end(): Promise<void> {
    this.#settle();
    await this.#closing;
  }

  /** Describes the segment in work and lets it be closed behind the one before. */
  #settle(): void {
    const growing = this.#growing;
    if (!growing) return;
    this.#growing = undefined;
    growing.file.flush();
    const { open, facts, why, what } = growing;
    const description = describeSegment({
      open,
      facts,
      before: this.#run,
      anchor: this.#anchor.value,
      why,
      torn: false,
      what,
    });
    this.#run = description.run ?? this.#run;
    const run = this.#run;
    this.#closing = this.#closing.then(async () => {
      const { ledger, workDir } = this.#parts;
      const file = await growing.file.finish(facts.wholeBytes);
      growing.remove();
      if (file && facts.firstMs >= 0) {
        ledger.add(closedRow(open, description, file));
        if (description.gaps.length > 0) this.#parts.onGaps(description.gaps);
      } else {
        // The disk failed under it: what is whole of it is kept, as after a crash.
        const row = await salvageSegment(workDir, open, ledger.state, why).catch(() => undefined);
        if (row) ledger.add(row);
        this.#run = ledger.state.broadcast?.run ?? run;
      }
      this.#parts.onClosed();
    });
  }
}

const differs = (before: string | undefined, now: string | undefined): boolean =>
  before !== undefined && now !== undefined && before !== now;
