import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, copyFile, link, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { transferErrors } from '@backlot/contract/errors/transfer';
import type { Logger } from 'pino';
import type { ControlHttp } from './control-http.ts';
import { persevere } from './persevere.ts';

/**
 * The time of last change that a verified file is given. Whoever writes to it gives it another one, and it is fetched
 * anew: files are handed out as hard links, and not every process that gets one runs in a sandbox.
 */
const VERIFIED_S = 1;

export interface CachedInput {
  readonly digest: string;
  readonly size: number;
}

/** Where the bytes are asked for: below the allocation that needs them, with its token. */
export interface InputSource {
  readonly path: (digest: string) => string;
  readonly token: () => string;
}

export interface InputCacheOptions {
  readonly folder: string;
  /** Bytes that the cache may take; what was not used longest goes first. */
  readonly capacity: number;
  readonly http: ControlHttp;
  /** What this node holds anyway need not be fetched: where it is, when it is here. */
  readonly held?: (digest: string, size: number) => Promise<string | undefined>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

interface Flight {
  readonly done: Promise<void>;
  readonly abort: AbortController;
  waiting: number;
}

/** Inputs by content, shared by all allocations of this node: each is fetched once, verified, and kept as long as there is room. */
export class InputCache {
  readonly #options: InputCacheOptions;
  readonly #flights = new Map<string, Flight>();

  constructor(options: InputCacheOptions) {
    this.#options = options;
  }

  /** Whether fetching it would move bytes. */
  async has(input: CachedInput): Promise<boolean> {
    if (await this.#options.held?.(input.digest, input.size)) return true;
    return this.#valid(this.#pathOf(input.digest), input.size);
  }

  /**
   * Puts an input at `target`, read-only; fetches it first when it is not here. A target that is there already is
   * believed only when it is the very file of the cache.
   */
  async place(input: CachedInput, target: string, source: InputSource, signal: AbortSignal): Promise<void> {
    await mkdir(dirname(target), { recursive: true });
    for (;;) {
      const held = await this.#options.held?.(input.digest, input.size);
      if (held === undefined) await this.#ensure(input, source, signal);
      await rm(target, { force: true });
      try {
        await linkOrCopy(held ?? this.#pathOf(input.digest), target);
        return;
      } catch (error) {
        // Dropped from the cache between the two steps.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  }

  /** Makes room: removes what was used longest ago until the cache fits, or `bytes` less than it may. */
  async trim(bytes = 0): Promise<number> {
    const { folder, capacity } = this.#options;
    const entries: { path: string; size: number; used: number; held: boolean }[] = [];
    for (const shard of await readdir(folder).catch(() => [])) {
      for (const name of await readdir(join(folder, shard)).catch(() => [])) {
        const path = join(folder, shard, name);
        const facts = await stat(path).catch(() => undefined);
        if (!facts) continue;
        const flying = this.#flights.has(name.slice(0, 64));
        // Removing a file that an allocation still holds by its own link frees nothing.
        entries.push({ path, size: facts.size, used: facts.atimeMs, held: flying || facts.nlink > 1 });
      }
    }
    let size = entries.reduce((sum, entry) => sum + entry.size, 0);
    let freed = 0;
    for (const entry of entries.sort((a, b) => a.used - b.used)) {
      if (size <= capacity - bytes) break;
      if (entry.held) continue;
      await rm(entry.path, { force: true });
      size -= entry.size;
      freed += entry.size;
    }
    return freed;
  }

  #pathOf(digest: string): string {
    return join(this.#options.folder, digest.slice(0, 2), digest);
  }

  async #valid(path: string, size: number): Promise<boolean> {
    const facts = await stat(path).catch(() => undefined);
    return facts !== undefined && facts.size === size && facts.mtimeMs === VERIFIED_S * 1000;
  }

  async #ensure(input: CachedInput, source: InputSource, signal: AbortSignal): Promise<void> {
    const path = this.#pathOf(input.digest);
    if (await this.#valid(path, input.size)) {
      await utimes(path, this.#options.clock.now() / 1000, VERIFIED_S).catch(() => undefined);
      return;
    }
    let flight = this.#flights.get(input.digest);
    if (!flight) {
      const abort = new AbortController();
      const done = this.#fetch(input, path, source, abort.signal).finally(() => {
        this.#flights.delete(input.digest);
      });
      flight = { done, abort, waiting: 0 };
      this.#flights.set(input.digest, flight);
    }
    await waitFor(flight, signal);
  }

  async #fetch(input: CachedInput, path: string, source: InputSource, signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#options;
    await mkdir(dirname(path), { recursive: true, mode: 0o750 });
    await this.trim(input.size);
    await rm(path, { force: true });
    const part = `${path}.part`;
    const what = `input ${input.digest}`;
    await persevere(() => this.#download(input, part, source, signal), { what, clock, random, log, signal });
    await chmod(part, 0o444);
    await utimes(part, clock.now() / 1000, VERIFIED_S);
    await rename(part, path);
  }

  /** One try: goes on where the part file ends, and checks the whole. */
  async #download(input: CachedInput, part: string, source: InputSource, signal: AbortSignal): Promise<void> {
    const { digest, size } = input;
    const hash = createHash('sha256');
    let have = await hashFile(part, hash, signal);
    if (have > size) {
      await rm(part, { force: true });
      return this.#download(input, part, source, signal);
    }
    if (have < size || size === 0) {
      const answer = await this.#options.http.send({
        method: 'GET',
        path: source.path(digest),
        token: source.token(),
        ...(have > 0 ? { headers: { range: `bytes=${have}-` } } : {}),
        signal,
      });
      if (have > 0 && answer.status !== 206) {
        // The server sends all of it: the part is of no use.
        answer.body.destroy();
        await rm(part, { force: true });
        return this.#download(input, part, source, signal);
      }
      const count = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          have += chunk.length;
          hash.update(chunk);
          done(have > size ? new Error('More bytes came than the input has.') : null, chunk);
        },
      });
      await pipeline(answer.body, count, createWriteStream(part, { flags: 'a', mode: 0o640, flush: true }), {
        signal,
      });
    }
    const found = have === size ? hash.digest('hex') : `${have} bytes`;
    if (found === digest) return;
    if (have === size) await rm(part, { force: true });
    throw new BacklotError(transferErrors.input_damaged, { params: { digest, found } });
  }
}

/** Waits for a download that others may wait for too; it is ended only when nobody does any more. */
async function waitFor(flight: Flight, signal: AbortSignal): Promise<void> {
  flight.waiting += 1;
  let leave: (() => void) | undefined;
  const left = new Promise<never>((_resolve, reject) => {
    leave = () => reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
  });
  try {
    await Promise.race([flight.done, left]);
  } finally {
    if (leave) signal.removeEventListener('abort', leave);
    flight.waiting -= 1;
    if (flight.waiting === 0) flight.abort.abort(signal.reason);
    flight.done.catch(() => undefined);
  }
}

/** Feeds what is there of a file into a hash. @returns its length, 0 when there is none */
async function hashFile(
  path: string,
  hash: ReturnType<typeof createHash>,
  signal: AbortSignal,
): Promise<number> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return 0;
  let length = 0;
  try {
    // Not given the signal: aborted before anybody listens, a stream throws where nobody can catch it.
    const stream = createReadStream(path, { fd: file, autoClose: false });
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      hash.update(chunk);
      length += chunk.length;
    }
  } finally {
    await file.close();
  }
  return length;
}

/** A hard link where it can be had; across file systems a copy, which the file system may make without copying. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!['EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK'].includes(code)) throw error;
    await copyFile(from, to);
    await chmod(to, 0o444);
  }
}
