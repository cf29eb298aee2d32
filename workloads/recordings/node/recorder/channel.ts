import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Reason } from '@backlot/contract';
import { sourceReason } from '../../contract/source-phrases.ts';
import { Ledger } from '../ledger/ledger.ts';
import { scheduleMoment } from '../schedule/schedule-window.ts';
import { isNoSpace } from '../segments/disk-port.ts';
import { salvage } from '../segments/salvage.ts';
import type { SourceConnection } from '../source-port.ts';
import { BroadcastBook } from './broadcast-book.ts';
import {
  type ChannelEffect,
  type ChannelEvent,
  type ChannelRules,
  type ChannelState,
  HELD_MS,
  newChannel,
  stepChannel,
} from './channel-machine.ts';
import type { ChannelAllocation, Log, ShardParts } from './channel-ports.ts';
import { ChannelFacts } from './facts.ts';
import { LiveTap } from './live-tap.ts';
import { Reporter } from './reporter.ts';
import { mostSaid, said } from './said.ts';
import { SourceDoor } from './source-door.ts';
import { Take } from './take.ts';
import { TakeWriter } from './take-writer.ts';
import type { WatchInput } from './watch-input.ts';
import { type Stall, Watchdog } from './watchdog.ts';

const TICK_MS = 1_000;
/** Space that a channel wants to see before it writes again after a full disk. */
const ROOM_BYTES = 64 * 1024 * 1024;
/** How long the agent may take to write down the last reports of a channel that ends, in milliseconds. */
const LAST_WORDS_MS = 10_000;

type PlainEvent = ChannelEvent extends infer E
  ? E extends ChannelEvent
    ? Omit<E, 'now' | 'random'>
    : never
  : never;

/** One channel in its shard: the machine that decides, and everything that it decides about. */
export class Channel {
  readonly tap = new LiveTap();
  readonly #parts: ShardParts;
  readonly #allocation: ChannelAllocation;
  readonly #log: Log;
  readonly #ledger: Ledger;
  readonly #reporter: Reporter;
  readonly #facts: ChannelFacts;
  readonly #book: BroadcastBook;
  readonly #door: SourceDoor;
  readonly #rules: ChannelRules;
  readonly #schedule: WatchInput['rules']['schedule'];
  /** When the schedule is to be asked again; wall milliseconds. */
  #windowChangesAt: number | undefined;
  readonly #watchdog = new Watchdog();
  #state: ChannelState = newChannel;
  #take: Take | undefined;
  #ending: Promise<void> = Promise.resolve();
  #cancelTimer: () => void = () => {};
  #cancelTick: () => void = () => {};
  #why = 'reconnect';
  #said = '';
  #rate = { bytes: 0, at: 0, bitrate: 0 };

  private constructor(
    input: WatchInput,
    parts: ShardParts,
    allocation: ChannelAllocation,
    log: Log,
    ledger: Ledger,
  ) {
    this.#parts = parts;
    this.#allocation = allocation;
    this.#log = log;
    this.#ledger = ledger;
    const { rules, fence } = input;
    const { wall } = parts;
    this.#reporter = new Reporter({ ledger, tell: allocation.tell, workDir: allocation.workDir, log });
    this.#facts = new ChannelFacts(rules.channelId, rules.flow?.versionId);
    this.#book = new BroadcastBook({ ledger, facts: this.#facts, rules, fence, wall });
    this.#door = new SourceDoor(parts, rules, join(allocation.workDir, 'scratch'), log);
    this.#schedule = rules.schedule;
    this.#rules = { silenceMs: rules.silenceMs, pollMs: this.#door.pollMs, canLook: this.#door.canLook };
  }

  /** Opens a channel; what an earlier process has left of it is put right first. */
  static async open(
    input: WatchInput,
    parts: ShardParts,
    allocation: ChannelAllocation,
    log: Log,
  ): Promise<Channel> {
    await mkdir(join(allocation.workDir, 'scratch'), { recursive: true });
    const ledger = await Ledger.open(allocation.workDir, parts.clock);
    const channel = new Channel(input, parts, allocation, log, ledger);
    ledger.add(...(await salvage(allocation.workDir, ledger.state, 'restart')));
    channel.#book.endTake('restart');
    return channel;
  }

  get state(): ChannelState {
    return this.#state;
  }

  get ledger(): Ledger {
    return this.#ledger;
  }

  get take(): Take | undefined {
    return this.#take;
  }

  /** Watches until it is aborted; then everything is closed and told. */
  async run(signal: AbortSignal): Promise<Record<string, unknown>> {
    const removeLedger = this.#parts.sync.add(this.#ledger);
    const { broadcast } = this.#ledger.state;
    if (broadcast) this.#why = 'restart';
    this.#reporter.kick();
    this.#tickLater();
    this.#do({
      e: 'start',
      inBroadcast: broadcast !== null,
      mediaAt: broadcast?.lastWall ?? 0,
      open: this.#isWindowOpen(),
    });
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    this.#why = 'stopped';
    this.#do({ e: 'stop' });
    this.#cancelTick();
    this.#cancelTimer();
    await this.#ending;
    await Promise.race([this.#reporter.flushed(), this.#parts.clock.sleep(LAST_WORDS_MS)]);
    removeLedger();
    await this.#ledger.close();
    const { lossMs = 0, segments = 0 } = this.#ledger.state.broadcast ?? {};
    return { stopped: true, lossMs, segments };
  }

  /** The next keyframe begins a new part. @returns false where there is no broadcast to cut */
  split(): boolean {
    if (this.#ledger.state.broadcast === null) return false;
    this.#book.split();
    return true;
  }

  /** Ends the broadcast, also one that waits for its source to come back. @returns false where there is none */
  stopBroadcast(): boolean {
    if (this.#ledger.state.broadcast === null) return false;
    this.#why = 'stopped';
    this.#do({ e: 'stop-broadcast' });
    return true;
  }

  /** For people: what goes on, in figures. */
  detail(): Record<string, unknown> {
    const { broadcast, take } = this.#ledger.state;
    const facts = this.#take?.writer?.facts;
    const ratio = this.#watchdog.ratio;
    return {
      state: this.#state.phase,
      live: this.#state.phase === 'receiving' && facts !== undefined,
      broadcast: broadcast?.id ?? null,
      startedWall: broadcast ? Math.round(broadcast.startedWall) : null,
      take: take?.number ?? 0,
      segments: broadcast?.segments ?? 0,
      bytes: (broadcast?.bytes ?? 0) + (facts?.bytes ?? 0),
      lossMs: Math.round(broadcast?.lossMs ?? 0),
      bitrate: Math.round(this.#rate.bitrate),
      ...(ratio === undefined ? {} : { ratio: Math.round(ratio * 1000) / 1000 }),
      ...(facts ? { codecs: facts.codecs, width: facts.width, height: facts.height } : {}),
      ...(this.#book.title === undefined ? {} : { title: said(this.#book.title, 300) }),
      ...(this.#said === '' ? {} : { reason: this.#said }),
      ...(this.#take ? { address: said(this.#take.address, mostSaid.address) } : {}),
    };
  }

  #do(plain: PlainEvent): void {
    const event = { ...plain, now: this.#parts.wall(), random: this.#parts.random() } as ChannelEvent;
    const { state, effects } = stepChannel(this.#state, event, this.#rules);
    const fellAsleep = state.phase === 'asleep' && this.#state.phase !== 'asleep';
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    if (fellAsleep) this.#say('asleep', undefined);
  }

  #perform(effect: ChannelEffect): void {
    switch (effect.do) {
      case 'look':
        void this.#look();
        return;
      case 'open':
        void this.#open(effect.attempt);
        return;
      case 'close':
        this.#door.leave();
        this.#endTake();
        return;
      case 'wait':
        this.#cancelTimer();
        this.#cancelTimer = this.#parts.clock.after(effect.ms, () => this.#do({ e: 'timer' }));
        return;
      case 'begin-broadcast':
        this.#book.begin();
        this.#reporter.kick();
        return;
      case 'end-broadcast':
        this.#ending = this.#ending.then(() => {
          this.#book.end(effect.why);
          this.#reporter.kick();
        });
    }
  }

  async #look(): Promise<void> {
    const { state, title, reason, retryAfterMs } = await this.#door.look();
    if (title !== undefined) this.#book.retitle(title);
    if (this.#state.phase !== 'looking') return;
    this.#say(state === 'live' ? 'connecting' : state, reason);
    this.#do({ e: 'looked', live: state === 'live', retryAfterMs });
  }

  async #open(attempt: number): Promise<void> {
    // What belongs to the broadcast before is written first, so that this take finds its place behind it.
    await this.#ending;
    if (this.#state.phase !== 'opening') return;
    if (await this.#isFull()) return;
    const token = this.#ledger.state.position?.token;
    const found = await this.#door.open(attempt, token, (meta) => {
      if (meta.title !== undefined) this.#book.retitle(meta.title);
      this.#reporter.kick();
    });
    if (this.#state.phase !== 'opening') {
      if ('connection' in found) found.connection.close();
      return;
    }
    if ('connection' in found) {
      this.#receive(found.connection);
      return;
    }
    // A source that says of itself that it is not live does not fail, also where it was live a moment ago.
    const isOffline = found.why === undefined ? !this.#state.inBroadcast : found.why === 'offline';
    this.#say(isOffline ? 'offline' : 'failing', found.reason);
    this.#do({ e: 'open-failed', retryAfterMs: found.retryAfterMs });
  }

  #receive(connection: SourceConnection): void {
    const { wall } = this.#parts;
    if (connection.facts.title !== undefined) this.#book.retitle(connection.facts.title);
    const take: Take = new Take(
      {
        connection,
        wall,
        cut: this.#book.cut,
        begin: () => this.#begin(connection),
        onEnd: ({ why, reason }) => {
          if (this.#take !== take) return;
          const finished = why === 'finished';
          this.#say(finished ? 'offline' : 'failing', reason);
          this.#ended(take, finished, finished ? 'finished' : 'reconnect');
        },
        onRead: this.#parts.onRead,
        onBytes: (bytes, begins) => this.tap.bytes(bytes, begins),
      },
      this.#watchdog,
    );
    this.#take = take;
    this.#do({ e: 'opened' });
    take.start();
  }

  #begin(connection: SourceConnection): TakeWriter {
    const why = this.#why;
    this.#why = 'reconnect';
    this.#do({ e: 'media' });
    this.#say('live', undefined);
    const take = this.#book.beginTake(connection.facts.address);
    this.#reporter.kick();
    return new TakeWriter(
      { ...take, container: connection.container, why, resumed: connection.resumed === true },
      {
        workDir: this.#allocation.workDir,
        disk: this.#parts.disk,
        sync: this.#parts.sync,
        ledger: this.#ledger,
        title: () => this.#book.title,
        onClosed: () => this.#reporter.kick(),
        onGaps: (gaps) => this.#book.gaps(gaps),
        onDiskFailure: (error) => this.#diskFailed(error),
      },
    );
  }

  #ended(take: Take, finished: boolean, why: string): void {
    this.#why = why;
    this.#do({ e: 'ended', finished, mediaAt: take.writer ? take.bytesAt : 0 });
  }

  #endTake(): void {
    const take = this.#take;
    if (!take) return;
    this.#take = undefined;
    this.tap.pause();
    const why = this.#why;
    this.#ending = this.#ending.then(async () => {
      await take.end();
      if (take.writer) this.#book.endTake(why);
      this.#reporter.kick();
    });
  }

  #diskFailed(error: Error): void {
    const reason = isNoSpace(error)
      ? sourceReason('disk_full')
      : sourceReason('fault', { detail: error.message });
    this.#log('can not write a segment', { error: error.message });
    this.#ledger.add({ t: 'fact', fact: this.#facts.diskFull(this.#parts.wall(), reason.message) });
    if (this.#state.phase !== 'asleep') this.#say('failing', reason);
    this.#why = 'disk';
    this.#do({ e: 'disk', full: true, mediaAt: this.#take?.bytesAt ?? 0 });
  }

  /** A new broadcast is not begun on a full disk; one that is on goes on until the disk itself refuses. */
  async #isFull(): Promise<boolean> {
    if (this.#state.inBroadcast || this.#allocation.diskState() !== 'full') return false;
    this.#why = 'disk';
    this.#do({ e: 'disk', full: true, mediaAt: 0 });
    return true;
  }

  async #lookAtDisk(): Promise<void> {
    const space = await this.#parts.disk.space(this.#allocation.workDir).catch(() => 0);
    if (space < ROOM_BYTES || (!this.#state.inBroadcast && this.#allocation.diskState() === 'full')) return;
    this.#do({ e: 'disk', full: false, mediaAt: 0 });
  }

  /** Asks the schedule, and notes when it is to be asked again. */
  #isWindowOpen(): boolean {
    const { open, changesAt } = scheduleMoment(this.#schedule, this.#parts.wall());
    this.#windowChangesAt = changesAt;
    return open;
  }

  #tickLater(): void {
    this.#cancelTick = this.#parts.clock.after(TICK_MS, () => {
      this.#tick();
      if (this.#state.phase !== 'stopped') this.#tickLater();
    });
  }

  #tick(): void {
    const now = this.#parts.wall();
    if (this.#windowChangesAt !== undefined && now >= this.#windowChangesAt)
      this.#do({ e: 'schedule', open: this.#isWindowOpen() });
    if (this.#state.phase === 'held' && Math.floor(now / HELD_MS) !== Math.floor((now - TICK_MS) / HELD_MS))
      void this.#lookAtDisk();
    const take = this.#take;
    const stall = take?.judge();
    if (take && stall !== undefined) {
      const { broadcast, take: current } = this.#ledger.state;
      if (broadcast && current?.open)
        this.#ledger.add({ t: 'fact', fact: this.#facts.stall(broadcast.id, current.id, stall, now) });
      this.#say('failing', stallWords(stall));
      this.#ended(take, false, stall === 'silent' ? 'source' : 'reconnect');
    }
    const received = take?.received ?? 0;
    const seconds = (now - this.#rate.at) / 1000;
    const bitrate =
      received >= this.#rate.bytes && seconds > 0 ? ((received - this.#rate.bytes) * 8) / seconds : 0;
    this.#rate = {
      bytes: received,
      at: now,
      bitrate: this.#rate.bitrate + (bitrate - this.#rate.bitrate) / 3,
    };
    this.#allocation.progress({ detail: this.detail() });
    this.#reporter.kick();
  }

  /** A fact about the source, when it is another one than before. */
  #say(state: string, reason: Reason | undefined): void {
    const words = said(reason?.message ?? '', mostSaid.reason);
    const last = this.#lastSaid;
    this.#said = words;
    if (last === state) return;
    this.#lastSaid = state;
    this.#ledger.add({ t: 'fact', fact: this.#facts.source(state, reason, this.#parts.wall()) });
    this.#reporter.kick();
  }
  #lastSaid = '';
}

/** Why a connection that is open is given up. */
function stallWords(stall: Stall | 'broken'): Reason {
  if (stall === 'broken') return sourceReason('unreadable');
  return sourceReason(stall === 'no-keyframe' ? 'no_keyframe' : stall);
}
