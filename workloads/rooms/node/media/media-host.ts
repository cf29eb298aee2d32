import type { Clock } from '@backlot/contract/clock';
import type { HostedAllocation, HostHandlers } from '@backlot/node/host-process';
import { errors, setLogEventListeners, version } from 'mediasoup';
import { ZodError } from 'zod';
import {
  type HostUsage,
  type MediaMethod,
  type MediaReply,
  type MediaRequest,
  mediaCalls,
} from '../../contract/media/calls.ts';
import { mediaEventMethod } from '../../contract/media/events.ts';
import type { MediaHostSettings } from '../../contract/media/settings.ts';
import { ShardParameters } from '../../contract/tasks.ts';
import { consumerCalls } from './calls/consumers.ts';
import { dataCalls } from './calls/data.ts';
import { describeCalls } from './calls/describe.ts';
import { insightCalls } from './calls/insight.ts';
import { LongAnswers } from './calls/long-answers.ts';
import { participantCalls } from './calls/participants.ts';
import { producerCalls } from './calls/producers.ts';
import { transportCalls } from './calls/transports.ts';
import { Refusal } from './refusal.ts';
import { MediaRoom } from './room/media-room.ts';
import { TapServer } from './tap/tap-server.ts';
import { roomUsage, workerUsage } from './usage.ts';
import { WorkerPool } from './workers/worker-pool.ts';

export interface MediaHostParts {
  readonly settings: MediaHostSettings;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** One line for the host's log. */
  log(level: 'info' | 'warn', message: string, details: Record<string, unknown>): void;
}

const roomCalls = {
  ...describeCalls,
  ...participantCalls,
  ...transportCalls,
  ...producerCalls,
  ...consumerCalls,
  ...dataCalls,
  ...insightCalls,
};

/** All rooms of a node and the workers they share. A fault in one call, or in one room, is answered and goes no further. */
export class MediaHost implements HostHandlers {
  readonly #parts: MediaHostParts;
  readonly #rooms = new Map<string, MediaRoom>();
  /** By room. */
  readonly #long = new WeakMap<MediaRoom, LongAnswers>();
  readonly #startedAt: number;
  readonly pool: WorkerPool;

  private constructor(parts: MediaHostParts, pool: WorkerPool) {
    this.#parts = parts;
    this.pool = pool;
    this.#startedAt = parts.clock.monotonic();
  }

  static async open(parts: MediaHostParts): Promise<MediaHost> {
    setLogEventListeners({
      onwarn: (namespace, text) => parts.log('warn', text, { namespace }),
      onerror: (namespace, text, error) => parts.log('warn', text, { namespace, error: error?.message }),
    });
    let host: MediaHost | undefined;
    const pool = await WorkerPool.open({
      settings: parts.settings,
      clock: parts.clock,
      warn: (message, details) => parts.log('warn', message, details),
      onLost: (slot, hung) => {
        for (const room of host?.rooms.values() ?? []) room.workerLost(slot, hung);
      },
    });
    host = new MediaHost(parts, pool);
    return host;
  }

  get rooms(): ReadonlyMap<string, MediaRoom> {
    return this.#rooms;
  }

  close(): void {
    for (const room of this.#rooms.values()) room.close();
    this.#rooms.clear();
    this.pool.close();
  }

  /** A room's place: lasts until its allocation is told to end. */
  async start(allocation: HostedAllocation): Promise<Record<string, unknown>> {
    const { clock, random, log, settings } = this.#parts;
    const { roomId, name, settings: shard } = ShardParameters.parse(allocation.input);
    const openedAt = clock.monotonic();
    const room = new MediaRoom({
      key: allocation.id,
      roomId,
      name,
      settings: shard,
      host: settings,
      pool: this.pool,
      clock,
      random,
      tell: (event) => allocation.notify(mediaEventMethod, event),
      warn: (message, details) => log('warn', message, details),
    });
    this.#rooms.set(allocation.id, room);
    let tap: TapServer | undefined;
    try {
      await room.open();
      if (typeof allocation.input.tap === 'string') tap = await TapServer.open(room, allocation.input.tap);
      await ended(allocation.signal);
      return { openMs: clock.monotonic() - openedAt };
    } finally {
      this.#rooms.delete(allocation.id);
      tap?.close();
      room.close();
    }
  }

  async call(allocation: { readonly id: string }, method: string, payload: unknown): Promise<MediaReply> {
    try {
      const name = method.startsWith('rooms.') ? method.slice(6) : method;
      if (!Object.hasOwn(mediaCalls, name))
        throw new Refusal('invalid', `There is no method ${method.slice(0, 60)}.`);
      const room = this.#rooms.get(allocation.id);
      if (!room) throw new Refusal('unavailable', 'The room is not open.');
      const data = await this.#answer(room, name as MediaMethod, payload ?? {});
      const parts = name === 'answerPart' ? undefined : this.#longOf(room).keep(data);
      return parts ? { ok: true, data: null, parts } : { ok: true, data };
    } catch (error) {
      return refusalOf(error);
    }
  }

  async #answer(room: MediaRoom, method: MediaMethod, payload: unknown): Promise<unknown> {
    const request = mediaCalls[method].payload.parse(payload);
    if (method === 'usage') return await this.usage();
    if (method === 'answerPart') {
      const { id, part } = request as MediaRequest<'answerPart'>;
      return { text: this.#longOf(room).part(id, part) };
    }
    if (method === 'logLevel' || method === 'logTags') {
      const { level, tags } = request as { level?: 'debug' | 'warn' | 'error' | 'none'; tags?: never[] };
      const change = { ...(level ? { level } : {}), ...(tags ? { tags } : {}) };
      await Promise.all(this.pool.slots.map((slot) => slot.setLog(change)));
      return {};
    }
    const handler = roomCalls[method] as (room: MediaRoom, request: unknown) => unknown;
    return await handler(room, request);
  }

  #longOf(room: MediaRoom): LongAnswers {
    let long = this.#long.get(room);
    if (!long) {
      long = new LongAnswers();
      this.#long.set(room, long);
    }
    return long;
  }

  async usage(): Promise<HostUsage> {
    const { user, system } = process.cpuUsage();
    const rooms = [...this.#rooms.values()];
    return {
      pid: process.pid,
      uptimeMs: this.#parts.clock.monotonic() - this.#startedAt,
      mediasoup: version,
      process: { userMs: user / 1_000, systemMs: system / 1_000, rss: process.memoryUsage.rss() },
      workers: this.pool.slots.map((slot) => workerUsage(slot, this.pool.budget, rooms)),
      rooms: rooms.map(roomUsage),
    };
  }
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** What control is told of an error: our own refusals as they are, everything else as what a client could have caused. */
function refusalOf(error: unknown): MediaReply {
  if (error instanceof Refusal) return { ok: false, code: error.code, message: error.message };
  if (error instanceof ZodError) {
    const [issue] = error.issues;
    return {
      ok: false,
      code: 'invalid',
      message: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`.slice(0, 500),
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  // Its worker has died meanwhile: asked again in a moment, another one answers.
  if (error instanceof errors.WorkerClosedError) return { ok: false, code: 'unavailable', message };
  if (error instanceof errors.NotFoundError) return { ok: false, code: 'not_found', message };
  // What mediasoup throws for parameters that make no sense, and for codecs that the room doesn't have.
  const isInput = error instanceof TypeError || error instanceof errors.UnsupportedError;
  return {
    ok: false,
    code: isInput ? 'invalid' : 'failed',
    message: message.slice(0, 500),
  };
}
