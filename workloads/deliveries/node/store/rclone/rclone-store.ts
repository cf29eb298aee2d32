import type { Readable } from 'node:stream';
import { z } from 'zod';
import { joinPath, type RcloneSettings } from '../../../contract.ts';
import { tooSlow } from '../../net/in-time.ts';
import { leastBytes, windowOf } from '../../net/least-rate.ts';
import type { Pace, RemoteFile, Source, Store } from '../store.ts';
import { StoreFault } from '../store-fault.ts';
import { Rclone } from './rclone-process.ts';

export interface RcloneStoreOptions {
  readonly settings: RcloneSettings;
  readonly program: string;
  /** A private file with the target's configuration. */
  readonly config: string;
  readonly home: string;
  /** Bytes per second; null for no limit. */
  readonly bytesPerSecond: number | null;
  /** So long an upload may be without progress. Milliseconds. */
  readonly quietMs?: number;
}

/** A look, or a deletion. Milliseconds. */
const lookMs = 5 * 60_000;
/** What a service may do with all of a file: copy it under its name, read it for a digest. */
const wholeMs = 6 * 3_600_000;
/**
 * An upload that makes no progress; many services put the pieces together at its end. So much longer than the window of
 * the least rate, because rclone takes pieces of up to a hundred MiB into its memory and tells nothing while one goes out.
 */
const usualQuietMs = 3_600_000;
/** Bytes that are progress: the least rate over that time. What limits its bandwidth is told of as it goes. */
const leastProgress = leastBytes * (usualQuietMs / windowOf());

/** What `lsjson` tells of a file. */
const Listed = z.object({ Size: z.number(), IsDir: z.boolean().optional(), ModTime: z.string().optional() });
const Stats = z.object({ stats: z.object({ bytes: z.number() }).optional() });

/**
 * Anything that rclone speaks: Baidu, Aliyun, OpenList and seventy others. rclone keeps no book of what it has sent, so an
 * upload that was killed begins anew; it is seen under its name only once it is whole.
 */
export class RcloneStore implements Store {
  readonly #rclone: Rclone;
  readonly #settings: RcloneSettings;
  readonly #bytesPerSecond: number | null;
  readonly #quietMs: number;

  constructor(options: RcloneStoreOptions) {
    const { settings, program, config, home, bytesPerSecond, quietMs = usualQuietMs } = options;
    this.#rclone = new Rclone({ program, config, home });
    this.#settings = settings;
    this.#bytesPerSecond = bytesPerSecond;
    this.#quietMs = quietMs;
  }

  async stat(path: string, signal: AbortSignal): Promise<RemoteFile | undefined> {
    return await this.#look(this.#at(path), signal);
  }

  async put(path: string, source: Source, pace: Pace): Promise<RemoteFile> {
    const { signal } = pace;
    const part = this.#partAt(path, source);
    const standing = await this.#look(part, signal);
    if (standing?.size !== source.size) await this.#send(part, source, pace);
    const there = await this.#look(part, signal);
    if (there?.size !== source.size) {
      throw new StoreFault('damaged', `${there?.size ?? 0} of ${source.size} bytes have arrived`);
    }
    // Looked at here and not before: rclone's move would replace what stands there.
    if (await this.#look(this.#at(path), signal))
      throw new StoreFault('taken', 'something stands there already');
    await this.#rclone.output({ args: ['moveto', part, this.#at(path)], signal, limitMs: wholeMs });
    pace.reached(source.size);
    return { size: source.size, etag: null, noted: null };
  }

  async read(path: string, from: number, signal: AbortSignal): Promise<Readable> {
    return this.#rclone.stream({ args: ['cat', '--offset', String(from), this.#at(path)], signal });
  }

  /** Made by the service itself, where its kind has SHA-256; rclone says UNSUPPORTED or nothing otherwise. */
  async sha256(path: string, signal: AbortSignal): Promise<string | undefined> {
    try {
      const args = ['hashsum', 'SHA-256', this.#at(path)];
      const text = await this.#rclone.output({ args, signal, limitMs: wholeMs });
      return /^([0-9a-f]{64})\s/.exec(text.trimStart())?.[1];
    } catch (error) {
      if (signal.aborted || (error instanceof StoreFault && error.kind === 'away')) throw error;
      return undefined;
    }
  }

  async remove(path: string, signal: AbortSignal): Promise<void> {
    await this.#delete(this.#at(path), signal);
  }

  async abandon(path: string, source: Source, signal: AbortSignal): Promise<void> {
    await this.#delete(this.#partAt(path, source), signal);
  }

  close(): void {}

  async #send(part: string, source: Source, pace: Pace): Promise<void> {
    const limit = this.#bytesPerSecond === null ? [] : ['--bwlimit', `${this.#bytesPerSecond}B`];
    let told = 0;
    let since = 0;
    await this.#rclone.output({
      args: [
        'copyto',
        source.path,
        part,
        '--no-check-dest',
        '--ignore-times',
        ...['--use-json-log', '--stats', '1s', '--stats-log-level', 'NOTICE'],
        ...limit,
      ],
      signal: pace.signal,
      limitMs: this.#quietMs,
      late: () => {
        const all = told >= source.size;
        return all
          ? new StoreFault(
              'away',
              `nothing came of it in ${this.#quietMs / 1_000} s after all bytes had gone`,
            )
          : new StoreFault('slow', tooSlow('were taken', this.#quietMs, leastProgress));
      },
      onLine: (line) => {
        const bytes = bytesOf(line);
        if (bytes === undefined || bytes <= told) return false;
        pace.sent(bytes - told);
        since += bytes - told;
        const last = told < source.size && bytes >= source.size;
        told = bytes;
        if (since < leastProgress && !last) return false;
        since = 0;
        return true;
      },
    });
    if (source.size > told) pace.sent(source.size - told);
  }

  async #look(place: string, signal: AbortSignal): Promise<RemoteFile | undefined> {
    try {
      const args = ['lsjson', '--stat', '--no-mimetype', place];
      const text = await this.#rclone.output({ args, signal, limitMs: lookMs });
      const found = Listed.nullable().safeParse(JSON.parse(text || 'null')).data;
      if (!found) return undefined;
      if (found.IsDir) throw new StoreFault('refused', 'a folder stands under that name');
      return { size: found.Size, etag: found.ModTime ?? null, noted: null };
    } catch (error) {
      if (error instanceof SyntaxError)
        throw new StoreFault('away', 'rclone answered no JSON', { cause: error });
      if (error instanceof StoreFault && error.kind === 'missing') return undefined;
      throw error;
    }
  }

  async #delete(place: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#rclone.output({ args: ['deletefile', place], signal, limitMs: lookMs });
    } catch (error) {
      if (error instanceof StoreFault && error.kind === 'missing') return;
      throw error;
    }
  }

  #at(path: string): string {
    return `${this.#settings.remote}:${joinPath(this.#settings.prefix, path)}`;
  }

  #partAt(path: string, source: Source): string {
    const place = this.#at(path);
    const cut = Math.max(place.lastIndexOf('/'), this.#settings.remote.length) + 1;
    return `${place.slice(0, cut)}.${source.sha256.slice(0, 24)}.part`;
  }
}

/** Bytes sent so far, from a line of rclone's JSON log. */
function bytesOf(line: string): number | undefined {
  try {
    return Stats.safeParse(JSON.parse(line)).data?.stats?.bytes;
  } catch {
    return undefined;
  }
}
