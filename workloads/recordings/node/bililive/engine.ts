import { join } from 'node:path';
import type { HostedAllocation } from '@backlot/node/host-process';
import { type RecorderEvent, WatchParameters, watchMethods } from '../../contract.ts';
import { RoomFollower } from './follow-room.ts';
import { Hints, withOurHook } from './hints.ts';
import type { RecorderApi, RoomDto } from './recorder-api.ts';
import { RecorderProcess, type Say } from './recorder-process.ts';
import { type FoundFile, roomOfPath, scanFolder } from './scan-folder.ts';
import type { EngineSettings } from './settings.ts';
import { TakenFiles } from './taken-files.ts';

/** How often the recorder is asked and its folder is read, whatever webhooks say; and the least between two looks. Milliseconds. */
const lookMs = 5_000;
const pauseMs = 250;
/** How long files may take to be closed at the end of a channel. Milliseconds. */
const closingMs = 12_000;
const mostRemembered = 10_000;

/** Our files beside the recorder's: hidden, so that neither of us takes them for recordings. */
const ourFolder = '.backlot';
/** No name of a streamer and no title in a path of ours. */
const fileNames = '{{ roomId }}/{{ "now" | format_date: "yyyyMMdd-HHmmss-fff" }}.flv';

/** What a recorder of ours is told once it runs. */
const ownOptions = Object.fromEntries(
  Object.entries({
    optionalFileNameRecordTemplate: fileNames,
    optionalRecordDanmaku: true,
    optionalRecordDanmakuSuperChat: true,
    optionalRecordDanmakuGift: true,
    optionalRecordDanmakuGuard: true,
    // So many messages may wait to be written (20 unless told): they are what a kill loses.
    optionalRecordDanmakuFlushInterval: 1,
  }).map(([name, value]) => [name, { hasValue: true, value }]),
);

/** Shorter in tests. Milliseconds. */
export interface EngineTimes {
  readonly lookMs?: number;
  readonly stillMs?: number;
}

interface Entry {
  readonly roomId: number;
  readonly follower: RoomFollower;
  readonly owned: boolean;
  room: RoomDto | undefined;
}

/**
 * BililiveRecorder as an engine behind channels of this node: its rooms are our allocations. Every five seconds the recorder is
 * asked and its folder is read, and what has come of it is told; webhooks only make the next look come sooner.
 */
export class Engine {
  readonly #settings: EngineSettings;
  readonly #say: Say;
  readonly #times: EngineTimes;
  readonly #process: RecorderProcess;
  readonly #taken: TakenFiles;
  readonly #hints: Hints;
  readonly #entries = new Map<string, Entry>();
  /** What webhooks have told: the room of a path, and the size of a closed file. */
  readonly #roomOf = new Map<string, number>();
  readonly #closed = new Map<string, number>();
  #configured: RecorderApi | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #over = false;

  private constructor(
    settings: EngineSettings,
    taken: TakenFiles,
    hints: Hints,
    say: Say,
    times: EngineTimes,
  ) {
    this.#times = times;
    this.#settings = settings;
    this.#taken = taken;
    this.#hints = hints;
    this.#say = say;
    this.#process = new RecorderProcess(settings, say);
  }

  static async open(settings: EngineSettings, say: Say, times: EngineTimes = {}): Promise<Engine> {
    const taken = await TakenFiles.open(join(settings.dir, ourFolder, 'taken.jsonl'));
    let engine: Engine | undefined;
    const hints = await Hints.open((event) => engine?.hear(event));
    engine = new Engine(settings, taken, hints, say, times);
    engine.#process.start();
    engine.#arm(0);
    return engine;
  }

  async close(): Promise<void> {
    this.#over = true;
    clearTimeout(this.#timer);
    await this.#looking;
    await this.#hints.close();
    await this.#process.close();
  }

  /** Follows a room until the allocation ends. */
  async follow(allocation: HostedAllocation): Promise<Record<string, unknown>> {
    const rules = WatchParameters.parse(allocation.input.rules);
    const { source } = rules;
    if (source.kind !== 'bililive') throw new Error('Only rooms of BililiveRecorder are recorded here.');
    const { roomId } = source;
    const follower = await RoomFollower.open({
      allocation,
      rules,
      folder: this.#settings.dir,
      // By channel: another channel of the same room begins anew.
      statePath: join(this.#settings.dir, ourFolder, 'rooms', `${rules.channelId}.json`),
      taken: this.#taken,
      owned: this.#settings.binary !== null,
      now: () => Date.now(),
      say: this.#say,
      ...(this.#times.stillMs === undefined ? {} : { still: this.#times.stillMs }),
    });
    const entry: Entry = { roomId, follower, owned: this.#settings.binary !== null, room: undefined };
    this.#entries.set(allocation.id, entry);
    this.#arm(0);
    await new Promise<void>((resolve) => {
      if (allocation.signal.aborted) resolve();
      else allocation.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    // From here on looks ask for this room no more, nor do they add it again.
    this.#entries.delete(allocation.id);
    await this.#looking;
    await this.#finish(entry);
    return {};
  }

  async call(allocation: HostedAllocation, method: string): Promise<unknown> {
    const entry = this.#entries.get(allocation.id);
    if (!entry) throw new Error('The room is only just beginning.');
    const { api } = this.#process;
    if (!api) throw new Error('BililiveRecorder does not run at the moment.');
    switch (method) {
      case watchMethods.split:
        // It answers well also where it records nothing.
        if (!(await recordsNow(api, entry))) return { done: false };
        await api.act(entry.roomId, 'split');
        return { done: true };
      case watchMethods.stopBroadcast:
        if (!(await recordsNow(api, entry))) return { done: false };
        await api.act(entry.roomId, 'stop');
        this.#arm(pauseMs);
        return { done: true };
      case watchMethods.state:
        return entry.follower.detail(entry.room);
      case watchMethods.thumbnail:
        return { jpeg: null, at: null };
      default:
        throw new Error(`A room of BililiveRecorder has no method ${method}.`);
    }
  }

  hear(event: RecorderEvent): void {
    if ('path' in event) {
      remember(this.#roomOf, event.path, event.roomId);
      if (event.kind === 'file-closed') remember(this.#closed, event.path, event.size);
    }
    this.#arm(pauseMs);
  }

  /** One look at the recorder and its folder; looks never overlap. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch((error: unknown) => this.#say('a look at BililiveRecorder failed', { error: String(error) }))
      .finally(() => {
        this.#looking = undefined;
      });
    return this.#looking;
  }

  #arm(ms: number): void {
    if (this.#over) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      void this.look().finally(() => this.#arm(this.#times.lookMs ?? lookMs));
    }, ms);
  }

  async #look(): Promise<void> {
    if (this.#entries.size === 0) return;
    const rooms = await this.#rooms();
    const byRoom = Map.groupBy(await scanFolder(this.#settings.dir), (file) => this.#whose(file));
    for (const entry of [...this.#entries.values()]) {
      entry.room = roomOf(rooms, entry.roomId);
      // A short number's files are named by the long one.
      const ids = new Set([entry.roomId, entry.room?.roomId]);
      const files = [...ids].flatMap((id) => (id === undefined ? [] : (byRoom.get(id) ?? [])));
      try {
        await entry.follower.look({
          room: entry.room,
          asked: rooms !== undefined,
          files,
          closed: this.#closed,
        });
      } catch (error) {
        this.#say('a room could not be followed', { room: entry.roomId, error: String(error) });
      }
    }
  }

  /** What the recorder says, with every room of ours in it; undefined when it could not be asked. */
  async #rooms(): Promise<readonly RoomDto[] | undefined> {
    const { api } = this.#process;
    if (!api) return undefined;
    try {
      if (this.#configured !== api) await this.#configure(api);
      const rooms = await api.rooms();
      const missing = [...this.#entries.values()].filter(
        ({ roomId }) =>
          !rooms.some((room) => room.autoRecord && (room.roomId === roomId || room.shortId === roomId)),
      );
      for (const { roomId } of missing) await api.add(roomId, true);
      return missing.length > 0 ? await api.rooms() : rooms;
    } catch (error) {
      this.#configured = undefined;
      this.#say('BililiveRecorder does not answer', { error: String(error) });
      return undefined;
    }
  }

  async #configure(api: RecorderApi): Promise<void> {
    const { optionalWebHookUrlsV2 } = await api.config();
    const hooks = withOurHook(
      optionalWebHookUrlsV2?.hasValue ? optionalWebHookUrlsV2.value : '',
      this.#hints.url,
    );
    await api.configure({
      optionalWebHookUrlsV2: { hasValue: true, value: hooks },
      // Names of files and what is recorded are ours where the recorder is; somebody else's are left alone.
      ...(this.#settings.binary === null ? {} : ownOptions),
    });
    this.#configured = api;
  }

  #whose({ path }: FoundFile): number | undefined {
    return this.#roomOf.get(path) ?? roomOfPath(path);
  }

  /** The channel is over: recording ends, its last file is taken in, and the room is left as it was found. */
  async #finish(entry: Entry): Promise<void> {
    const { api } = this.#process;
    try {
      if (api) {
        await api.add(entry.roomId, false);
        await api.act(entry.roomId, 'stop');
        if (entry.owned) await api.remove(entry.roomId);
      }
    } catch (error) {
      this.#say('a room could not be ended', { room: entry.roomId, error: String(error) });
    }
    const until = performance.now() + closingMs;
    const ended = { room: undefined, asked: true, closed: this.#closed };
    while (performance.now() < until) {
      const files = (await scanFolder(this.#settings.dir)).filter(
        (file) => this.#whose(file) === entry.roomId,
      );
      await entry.follower.look({ ...ended, files }).catch(() => undefined);
      if (!entry.follower.writing) break;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    await entry.follower.end('canceled');
  }
}

/** By its long or its short number. */
function roomOf(rooms: readonly RoomDto[] | undefined, id: number): RoomDto | undefined {
  return rooms?.find(({ roomId, shortId }) => roomId === id || shortId === id);
}

/**
 * Asked anew: what the last look was told may be five seconds old, and a file that the same look has found in the folder can be
 * younger than that.
 */
async function recordsNow(api: RecorderApi, { roomId }: Entry): Promise<boolean> {
  return roomOf(await api.rooms(), roomId)?.recording ?? false;
}

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > mostRemembered && oldest !== undefined) map.delete(oldest);
}
