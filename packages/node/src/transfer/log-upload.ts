import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Clock } from '@backlot/contract/clock';
import type { Logger } from 'pino';
import { z } from 'zod';
import { logEnd, readLog } from '../logs/log-reader.ts';
import type { ControlHttp } from './control-http.ts';
import { judge } from './persevere.ts';

const streams = ['stdout', 'stderr'] as const;
type Stream = (typeof streams)[number];

/** Bytes of one chunk. */
const CHUNK_BYTES = 512 * 1024;
/** Of each stream, from its start, while it is written. What comes after is kept on the node, and its end is sent. */
const HEAD_BYTES = 16 * 1024 * 1024;
/** Of a stream that is longer, sent when it has ended. */
const TAIL_BYTES = 1024 * 1024;

const Position = z.object({
  /** Everything before has arrived, or is not to be sent. */
  next: z.number().int().nonnegative(),
  /** The chunk on its way. After a crash exactly this one is sent again, so that chunks never overlap. */
  flying: z.object({ start: z.number().int(), end: z.number().int() }).nullable(),
});
const State = z.object({ stdout: Position, stderr: Position });
type State = z.infer<typeof State>;

export interface LogUploadOptions {
  readonly http: ControlHttp;
  readonly clock: Clock;
  readonly log: Logger;
  /** Folder of the log files; the state of the upload is kept beside them. */
  readonly logs: string;
  readonly base: string;
  readonly token: () => string;
  readonly everyMs: number;
}

/**
 * Sends an allocation's logs in chunks while they grow. A log is never worth holding up the work: when a chunk can't
 * be sent it is tried again at the next turn, and `finish` gives up after a limit.
 */
export class LogUpload {
  readonly #options: LogUploadOptions;
  readonly #abort = new AbortController();
  #state: State | undefined;
  #turn: Promise<void> = Promise.resolve();
  #cancel: (() => void) | undefined;
  #refused = false;

  constructor(options: LogUploadOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#abort.signal.aborted || this.#cancel) return;
    this.#cancel = this.#options.clock.after(this.#options.everyMs, () => {
      this.#cancel = undefined;
      this.#next(HEAD_BYTES)
        .catch((error: unknown) => this.#options.log.debug({ err: error }, 'a log could not be read'))
        .finally(() => this.start());
    });
  }

  /** The process has ended: sends what is left, and of a long log its end. Gives up after `limitMs`. */
  async finish(limitMs: number): Promise<void> {
    this.#cancel?.();
    const cancel = this.#options.clock.after(limitMs, () => this.#abort.abort());
    try {
      await this.#next(HEAD_BYTES);
      await this.#tails();
    } catch (error) {
      // A log is not worth an attempt: it stays on the node until its folder goes.
      this.#options.log.warn({ err: error }, 'the end of a log could not be sent');
    } finally {
      cancel();
      this.close();
    }
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#abort.abort();
  }

  /** One turn after the other: sends all that is there up to `limit`. */
  #next(limit: number): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      for (const stream of streams) await this.#send(stream, limit);
    });
    const turn = this.#turn;
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #tails(): Promise<void> {
    const state = await this.#load();
    for (const stream of streams) {
      const end = await logEnd(this.#options.logs, stream);
      if (state[stream].next >= end || state[stream].flying) continue;
      state[stream].next = Math.max(state[stream].next, end - TAIL_BYTES);
      await this.#send(stream, Number.POSITIVE_INFINITY);
    }
  }

  async #send(stream: Stream, limit: number): Promise<void> {
    const state = await this.#load();
    const position = state[stream];
    while (!this.#abort.signal.aborted && !this.#refused) {
      const chunk = await this.#chunk(stream, position, limit);
      if (!chunk) return;
      position.flying = { start: chunk.start, end: chunk.start + chunk.bytes.length };
      await this.#save(state);
      if (!(await this.#put(stream, chunk))) return;
      position.next = position.flying.end;
      position.flying = null;
      await this.#save(state);
    }
  }

  async #chunk(stream: Stream, { next, flying }: State[Stream], limit: number) {
    const { logs } = this.#options;
    if (flying) {
      const again = await readLog(logs, stream, flying.start, flying.end - flying.start);
      // Rotated away meanwhile: what is left of it is a chunk of its own.
      return again.bytes.length > 0 ? again : readLog(logs, stream, flying.end, CHUNK_BYTES);
    }
    if (next >= limit) return undefined;
    const range = await readLog(logs, stream, next, Math.min(CHUNK_BYTES, limit - next));
    return range.bytes.length > 0 ? range : undefined;
  }

  /** Whether the chunk has arrived. */
  async #put(stream: Stream, chunk: { readonly start: number; readonly bytes: Buffer }): Promise<boolean> {
    const { http, base, token, log } = this.#options;
    try {
      const answer = await http.send({
        method: 'PUT',
        path: `${base}/logs/${stream}/${chunk.start}`,
        token: token(),
        body: { stream: Readable.from([chunk.bytes], { objectMode: false }), length: chunk.bytes.length },
        signal: this.#abort.signal,
      });
      answer.body.resume();
      return true;
    } catch (error) {
      if (this.#abort.signal.aborted) return false;
      log.debug({ err: error, stream, position: chunk.start }, 'a part of a log could not be sent');
      this.#refused = judge(error) === 'give-up';
      return false;
    }
  }

  async #load(): Promise<State> {
    if (this.#state) return this.#state;
    const nothing = { next: 0, flying: null };
    try {
      this.#state = State.parse(JSON.parse(await readFile(this.#path, 'utf8')));
    } catch {
      this.#state = { stdout: { ...nothing }, stderr: { ...nothing } };
    }
    return this.#state;
  }

  /** Not brought to the disk: losing it costs a repeated chunk. */
  async #save(state: State): Promise<void> {
    const temporary = `${this.#path}.tmp`;
    await writeFile(temporary, JSON.stringify(state));
    await rename(temporary, this.#path);
  }

  get #path(): string {
    return join(this.#options.logs, '..', 'log-upload.json');
  }
}
