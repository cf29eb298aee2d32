import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '@backlot/contract';
import type { HostedAllocation } from '@backlot/node/host-process';
import { sourceReason } from '../../contract/source-phrases.ts';
import { SEGMENT_KIND, type WatchParameters } from '../../contract.ts';
import type { LedgerFact } from '../ledger/rows.ts';
import { ChannelFacts } from '../recorder/facts.ts';
import { mostSaid, said } from '../recorder/said.ts';
import type { Gap } from '../recorder/segment-meta.ts';
import { chatPathOf } from './chat-file.ts';
import { describeFile, samePart } from './describe-file.ts';
import { finishedFiles, stillMs, type Watched, watchFiles } from './finished-files.ts';
import type { RoomDto } from './recorder-api.ts';
import type { Say } from './recorder-process.ts';
import { RoomChat } from './room-chat.ts';
import { type RoomState, readRoomState, settleTaking, writeRoomState } from './room-state.ts';
import type { FoundFile } from './scan-folder.ts';
import { bringIn, outputName } from './take-file.ts';
import type { TakenFiles } from './taken-files.ts';

/** A shorter hole is the distance of two frames. Milliseconds. */
const leastGapMs = 50;

/** What one look has found for a room. */
export interface RoomNow {
  /** Undefined: the recorder could not be asked, or has no such room yet. */
  readonly room: RoomDto | undefined;
  readonly asked: boolean;
  readonly files: readonly FoundFile[];
  /** Sizes that webhooks have told, by path. */
  readonly closed: ReadonlyMap<string, number>;
}

export interface FollowerParts {
  readonly allocation: Pick<HostedAllocation, 'id' | 'workDir' | 'report' | 'progress'>;
  readonly rules: WatchParameters;
  /** The recorder's folder. */
  readonly folder: string;
  readonly statePath: string;
  readonly taken: TakenFiles;
  /** The recorder is ours: what is taken over need not stay in its folder. */
  readonly owned: boolean;
  readonly now: () => number;
  /** How long a file must have stood still, in milliseconds. */
  readonly still?: number;
  readonly say: Say;
}

/**
 * A room of BililiveRecorder as a channel: each file that it finishes becomes one take with one segment, and files that follow
 * each other within the silence are one broadcast. What is told is written down before, so that a process that is killed at any
 * point tells it again under the same name, and nothing twice. Chat follows its segment, and comes before the end of its broadcast.
 */
export class RoomFollower {
  readonly #allocation: Pick<HostedAllocation, 'id' | 'workDir' | 'report' | 'progress'>;
  readonly #rules: WatchParameters;
  readonly #folder: string;
  readonly #statePath: string;
  readonly #taken: TakenFiles;
  readonly #owned: boolean;
  readonly #now: () => number;
  readonly #still: number;
  readonly #facts: ChannelFacts;
  readonly #chat: RoomChat;
  #state: RoomState;
  #watched: ReadonlyMap<string, Watched> = new Map();

  private constructor(parts: FollowerParts, state: RoomState) {
    this.#allocation = parts.allocation;
    this.#rules = parts.rules;
    this.#folder = parts.folder;
    this.#statePath = parts.statePath;
    this.#taken = parts.taken;
    this.#owned = parts.owned;
    this.#now = parts.now;
    this.#still = parts.still ?? stillMs;
    this.#facts = new ChannelFacts(parts.rules.channelId, parts.rules.flow?.versionId);
    this.#chat = new RoomChat({ ...parts, still: this.#still });
    this.#state = state;
  }

  static async open(parts: FollowerParts): Promise<RoomFollower> {
    const { taken, statePath, now } = parts;
    const state = await readRoomState(statePath, now());
    return new RoomFollower(
      parts,
      settleTaking(state, (path) => taken.has(path)),
    );
  }

  /** A file of it, or the chat of one, is not taken in yet. */
  get writing(): boolean {
    const { open, chats } = this.#state;
    return Object.keys(open).length > 0 || this.#chat.writing(chats);
  }

  /** Takes in what one look has found. What fails is tried again by the next. */
  async look({ room, asked, files, closed }: RoomNow): Promise<void> {
    await this.#flush();
    const now = this.#now();
    const recording = asked ? (room?.recording ?? false) : undefined;
    const ours = files.filter(
      ({ path, changedAt }) => changedAt >= this.#state.since && !this.#taken.has(path),
    );
    await this.#describe(room, asked);
    await this.#begin(ours);
    for (const file of finishedFiles({
      now,
      files: ours,
      watched: this.#watched,
      closed,
      recording,
      still: this.#still,
    })) {
      await this.#take(file);
    }
    this.#watched = watchFiles(now, ours, this.#watched);
    await this.#takeChat(false);
    const { broadcast, open, chats } = this.#state;
    const still = recording === false && !room?.streaming && Object.keys(open).length === 0;
    if (
      broadcast &&
      still &&
      now - broadcast.lastWall >= this.#rules.silenceMs &&
      !this.#chat.awaits(chats, broadcast.id)
    ) {
      await this.end('silence');
    }
    this.#progress(room);
  }

  /**
   * The broadcast is over: by the silence, or because the channel is. A file that is open still belongs to none then; when it is
   * found again, it begins one. What there is of chat is taken in before, because the flow begins with the end.
   */
  async end(why: string): Promise<void> {
    await this.#takeChat(true);
    const { broadcast, open } = this.#state;
    if (!broadcast) return;
    const { id, setup: _setup, part: _part, lastWall, startedWall, ...counts } = broadcast;
    const fact = this.#facts.broadcastEnded(this.#now(), {
      broadcast: id,
      why,
      startedWall: Math.round(startedWall),
      endedWall: Math.round(lastWall),
      ...counts,
      lossMs: Math.round(counts.lossMs),
      ...(this.#state.title === '' ? {} : { title: this.#state.title }),
    });
    const takes = Object.values(open).map(({ take, number }) =>
      this.#facts.takeEnded(id, take, number, this.#now(), why),
    );
    await this.#tell([...takes, fact], { broadcast: null, open: {} });
  }

  async #describe(room: RoomDto | undefined, asked: boolean): Promise<void> {
    const source = !asked ? 'failing' : room?.recording ? 'live' : room?.streaming ? 'connecting' : 'offline';
    const now = this.#now();
    if (source !== this.#state.source) {
      const reason = asked ? undefined : sourceReason('engine_silent');
      await this.#tell([this.#facts.source(source, reason, now)], { source });
    }
    const title = said(room?.title ?? '', mostSaid.title);
    if (title !== '' && title !== this.#state.title) {
      await this.#tell([this.#facts.title(title, now, this.#state.broadcast?.id)], { title });
    }
  }

  /** Files that were not there before: a broadcast, where none is, and a take for each. */
  async #begin(files: readonly FoundFile[]): Promise<void> {
    for (const { path } of files.toSorted((a, b) => a.changedAt - b.changedAt)) {
      if (this.#state.open[path]) continue;
      const now = this.#now();
      const facts: LedgerFact[] = [];
      let { broadcast } = this.#state;
      if (!broadcast) {
        const id = newId(Math.floor(now));
        broadcast = {
          id,
          startedWall: now,
          lastWall: now,
          takes: 0,
          segments: 0,
          bytes: 0,
          lossMs: 0,
          part: 1,
          setup: null,
        };
        const { title } = this.#state;
        facts.push(this.#facts.broadcastStarted(id, now, title === '' ? undefined : title));
      }
      const take = newId(Math.floor(now));
      const number = broadcast.takes + 1;
      facts.push(this.#facts.takeStarted(broadcast.id, take, number, now, `bililive:${this.#roomId}`));
      await this.#tell(facts, {
        broadcast: { ...broadcast, takes: number },
        open: { ...this.#state.open, [path]: { take, number } },
      });
    }
  }

  async #take(file: FoundFile): Promise<void> {
    const { broadcast } = this.#state;
    const take = this.#state.open[file.path];
    if (!broadcast || !take) return;
    const from = join(this.#folder, ...file.path.split('/'));
    const { facts, setup } = await describeFile(from);
    const { [file.path]: _done, ...open } = this.#state.open;
    const now = this.#now();
    const over = this.#facts.takeEnded(broadcast.id, take.take, take.number, now, 'closed');
    if (facts.firstMs < 0) {
      // Not one frame: an empty file, as a full disk makes them. It is no recording, and stays where it is.
      await this.#tell([over], { open });
      await this.#taken.add({ path: file.path, size: file.size, digest: '' });
      return;
    }
    const ms = facts.lastMs - facts.firstMs;
    const lastWall = Math.max(file.changedAt, broadcast.segments > 0 ? broadcast.lastWall + ms : 0);
    const firstWall = lastWall - ms;
    const gap = broadcast.segments > 0 ? gapBetween(broadcast.lastWall, firstWall) : undefined;
    const part = samePart(broadcast.setup, setup) ? broadcast.part : broadcast.part + 1;
    const number = broadcast.segments + 1;
    const name = outputName(file.path);
    const digest = await bringIn(from, this.#allocation.workDir, name);
    const meta = {
      broadcast: broadcast.id,
      take: take.take,
      takeNumber: take.number,
      number,
      part,
      // Each of its files begins at 0: a clock of its own.
      run: take.number,
      container: 'flv',
      baseMs: 0,
      firstMs: Math.round(facts.firstMs),
      lastMs: Math.round(facts.lastMs),
      firstWall: Math.round(firstWall),
      lastWall: Math.round(lastWall),
      videoFrames: facts.videoFrames,
      audioFrames: facts.audioFrames,
      keyframes: facts.keyframes,
      startsWithKeyframe: facts.startsWithKeyframe,
      bytes: file.size,
      codecs: facts.codecs,
      width: facts.width,
      height: facts.height,
      gaps: gap ? [gap] : [],
      repairs: [],
      engine: 'bililive-recorder',
      ...(facts.wholeBytes < file.size ? { torn: true } : {}),
      ...(this.#state.title === '' ? {} : { title: this.#state.title }),
    };
    const after = {
      open,
      broadcast: {
        ...broadcast,
        startedWall: number === 1 ? firstWall : broadcast.startedWall,
        lastWall,
        segments: number,
        bytes: broadcast.bytes + file.size,
        lossMs: broadcast.lossMs + (gap?.ms ?? 0),
        part,
        setup,
      },
      chats: [
        ...this.#state.chats,
        { path: chatPathOf(file.path), broadcast: broadcast.id, take: take.take, number, since: now },
      ],
    };
    // Before the ledger has the file: nobody would look at it again, and its count and its chat would be forgotten.
    await this.#keep({ taking: { path: file.path, after } });
    await this.#allocation.report({
      outputs: [{ name, kind: SEGMENT_KIND, path: name, mediaType: 'video/x-flv', meta, hold: true, digest }],
      events: [...(gap ? [this.#facts.gap(broadcast.id, gap, now)] : []), over],
    });
    await this.#taken.add({ path: file.path, size: file.size, digest });
    await this.#keep({ ...after, taking: null });
    // The agent has the bytes and has written that down: the recorder's own name for them is not needed any more.
    if (this.#owned) await rm(from, { force: true });
  }

  /** @param last there is no next look: what is there is all */
  async #takeChat(last: boolean): Promise<void> {
    const { chats } = this.#state;
    if (chats.length === 0) return;
    const left = await this.#chat.takeIn(chats, last);
    if (left.length < chats.length) await this.#keep({ chats: left });
  }

  async #keep(change: Partial<RoomState>): Promise<void> {
    this.#state = { ...this.#state, ...change };
    await writeRoomState(this.#statePath, this.#state);
  }

  /** Written down, told, written down as told. */
  async #tell(facts: readonly LedgerFact[], change: Partial<RoomState>): Promise<void> {
    await this.#keep({ ...change, pending: [...this.#state.pending, ...facts] });
    await this.#flush();
  }

  async #flush(): Promise<void> {
    const { pending } = this.#state;
    if (pending.length === 0) return;
    await this.#allocation.report({ events: pending });
    await this.#keep({ pending: [] });
  }

  get #roomId(): number {
    const { source } = this.#rules;
    return source.kind === 'bililive' ? source.roomId : 0;
  }

  /** What it is like now, for pages and for NGlive's clients. */
  detail(room: RoomDto | undefined): Record<string, unknown> {
    const { broadcast, source, title } = this.#state;
    return {
      state: source,
      live: room?.recording ?? false,
      bitrate: Math.round((room?.ioStats?.networkMbps ?? 0) * 1_000_000),
      ratio: room?.recordingStats?.durationRatio ?? 0,
      lossMs: broadcast?.lossMs ?? 0,
      bytes: (broadcast?.bytes ?? 0) + (room?.recordingStats?.currentFileSize ?? 0),
      segments: broadcast?.segments ?? 0,
      startedWall: broadcast?.startedWall ?? null,
      title,
      streamer: said(room?.name ?? '', 200),
      shortId: room?.shortId ?? 0,
      areaParent: said(room?.areaNameParent ?? '', 100),
      areaChild: said(room?.areaNameChild ?? '', 100),
    };
  }

  #progress(room: RoomDto | undefined): void {
    this.#allocation.progress({ detail: this.detail(room) });
  }
}

function gapBetween(fromWall: number, toWall: number): Gap | undefined {
  const ms = toWall - fromWall;
  if (ms < leastGapMs) return undefined;
  return {
    fromWall: Math.round(fromWall),
    toWall: Math.round(toWall),
    ms: Math.round(ms),
    why: 'reconnect',
  };
}
