import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** A line of a list of packets that says something. */
export type DigestLine =
  | { readonly what: 'packet'; readonly dts: number; readonly digest: string }
  /** Of the bytes with which a decoder is set up, which containers keep beside the packets. */
  | { readonly what: 'setup'; readonly digest: string }
  | { readonly what: 'clock'; readonly secondsPerTick: number };

/** How the packets of a track and of its copy compare. */
export interface DigestComparison {
  /** Pairs of packets that are equal, counted up to the first pair that is not. */
  readonly equal: number;
  /** The first packet that is another one; undefined when all are equal. */
  readonly differs:
    | {
        /** Counted from 1. */
        readonly packet: number;
        /** Where it is in the source, in seconds of its file's own clock; undefined past the source's end. */
        readonly seconds: number | undefined;
        /** Which of the two lists ended there. */
        readonly ended: 'source' | 'output' | undefined;
      }
    | undefined;
  /** Whether both files keep the same bytes to set a decoder up with, or neither keeps any. */
  readonly setup: 'equal' | 'unlike';
}

/** One line of ffmpeg's `framehash`, version 2; undefined for the rest of its head. */
export function readDigestLine(line: string): DigestLine | undefined {
  if (!line.startsWith('#')) {
    const [, dts = '', , , , digest = ''] = line.split(',');
    const found = digest.trim();
    return /^[0-9a-f]{64}$/.test(found)
      ? { what: 'packet', dts: Number.parseInt(dts, 10), digest: found }
      : undefined;
  }
  const setup = /^#extradata \d+,\s*\d+,\s*([0-9a-f]{64})/.exec(line)?.[1];
  if (setup !== undefined) return { what: 'setup', digest: setup };
  const [, ticks, base] = /^#tb \d+: (\d+)\/(\d+)/.exec(line) ?? [];
  return ticks && base ? { what: 'clock', secondsPerTick: Number(ticks) / Number(base) } : undefined;
}

/** Compares two lists packet by packet, in order, in memory that does not grow with them; stops where they part. */
export async function compareDigests(
  source: AsyncIterable<string>,
  output: AsyncIterable<string>,
): Promise<DigestComparison> {
  const one = new DigestReader(source);
  const other = new DigestReader(output);
  try {
    for (let equal = 0; ; equal += 1) {
      const [before, after] = [await one.next(), await other.next()];
      const setup = one.setup === other.setup ? 'equal' : 'unlike';
      if (!before && !after) return { equal, differs: undefined, setup };
      if (before?.digest === after?.digest) continue;
      const seconds = before && Number.isFinite(before.dts) ? before.dts * one.secondsPerTick : undefined;
      const ended = before ? (after ? undefined : 'output') : 'source';
      return { equal, differs: { packet: equal + 1, seconds, ended }, setup };
    }
  } finally {
    await Promise.all([one.close(), other.close()]);
  }
}

/** The lines of a list. The file is closed when nobody wants more of them, which is often before its end. */
export async function* digestLines(list: string, signal: AbortSignal): AsyncGenerator<string> {
  const input = createReadStream(list, { encoding: 'latin1', signal });
  const lines = createInterface({ input, crlfDelay: Infinity });
  try {
    yield* lines;
  } finally {
    lines.close();
    input.destroy();
  }
}

class DigestReader {
  readonly #lines: AsyncIterator<string>;
  setup: string | undefined;
  secondsPerTick = 1;

  constructor(lines: AsyncIterable<string>) {
    this.#lines = lines[Symbol.asyncIterator]();
  }

  async next(): Promise<Extract<DigestLine, { what: 'packet' }> | undefined> {
    for (;;) {
      const { done, value } = await this.#lines.next();
      if (done) return undefined;
      const line = readDigestLine(value);
      if (line?.what === 'packet') return line;
      if (line?.what === 'setup') this.setup = line.digest;
      if (line?.what === 'clock') this.secondsPerTick = line.secondsPerTick;
    }
  }

  async close(): Promise<void> {
    await this.#lines.return?.();
  }
}
