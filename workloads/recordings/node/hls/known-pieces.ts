import { createHash } from 'node:crypto';
import { fileName } from './next-pieces.ts';
import type { HlsSegment, MediaPlaylist } from './playlist.ts';

/** Pieces that are remembered. */
const REMEMBERED = 64;
/**
 * While so few pieces have numbers, an encoder that is started again reaches the number that is wanted next before its lists
 * have been old for long enough to be told from an edge server that is late (`nextPieces`). Later it does not.
 */
const YOUNG = 4;

/** Where a connection was, as it is kept for the next one. */
export interface PiecesToken {
  /** Number of the piece that is wanted next. */
  readonly next: number;
  /** Of the newest pieces that were had, by number. */
  readonly digests: ReadonlyMap<number, string>;
}

/** What is remembered of the pieces that were had, to know a server that counts anew. */
export class KnownPieces {
  readonly #names = new Map<number, string>();
  readonly #digests: Map<number, string>;
  /** The lowest number of all lists of this count; of a connection that goes on with another one, since then. */
  #first: number | undefined;
  /** How far lists of this count have got. */
  #last = 0;

  constructor(token?: PiecesToken) {
    this.#digests = new Map(token?.digests);
  }

  /** `fileName` of pieces, by number. */
  get names(): ReadonlyMap<number, string> {
    return this.#names;
  }

  had({ sequence, uri }: HlsSegment, bytes: Buffer): void {
    this.#names.set(sequence, fileName(uri));
    this.#digests.set(sequence, digestOf(bytes));
    this.#names.delete(sequence - REMEMBERED);
    this.#digests.delete(sequence - REMEMBERED);
  }

  /** Another count begins. */
  clear(): void {
    this.#names.clear();
    this.#digests.clear();
    this.#first = undefined;
    this.#last = 0;
  }

  saw({ segments }: MediaPlaylist): void {
    const [first, last] = [segments[0]?.sequence, segments.at(-1)?.sequence];
    if (first === undefined || last === undefined) return;
    this.#first = Math.min(this.#first ?? first, first);
    this.#last = Math.max(this.#last, last);
  }

  /**
   * The piece of a list whose bytes tell whether it is still the one that was had under its number: where the count is young, and
   * the list is older than one before it, or nobody knows what has happened since.
   *
   * @param blind no list has come for a while
   */
  suspect({ segments }: MediaPlaylist, next: number | undefined, blind: boolean): HlsSegment | undefined {
    const [first, last] = [segments[0]?.sequence, segments.at(-1)?.sequence];
    if (next === undefined || first === undefined || last === undefined) return undefined;
    const young = first <= (this.#first ?? first) && next - first <= YOUNG;
    if (!young || !(blind || last < this.#last)) return undefined;
    return segments.findLast(({ sequence, gap }) => !gap && this.#digests.has(sequence));
  }

  isSame({ sequence }: HlsSegment, bytes: Buffer): boolean {
    return this.#digests.get(sequence) === digestOf(bytes);
  }

  /** For a connection that goes on with this one. */
  token(next: number): string {
    const digests = Array.from(
      { length: YOUNG },
      (_, index) => this.#digests.get(next - YOUNG + index) ?? '',
    );
    return `${next}:${digests.join(',')}`;
  }
}

/** Reads `KnownPieces.token`, also of a version that kept the number alone. @returns undefined for anything else */
export function readToken(text: string): PiecesToken | undefined {
  const [, number = '', list] = /^(\d{1,16})(?::([0-9a-f,]*))?$/.exec(text) ?? [];
  const next = Number(number);
  if (number === '' || !Number.isSafeInteger(next)) return undefined;
  const digests = new Map<number, string>();
  const all = list?.split(',') ?? [];
  for (const [index, digest] of all.entries())
    if (digest !== '') digests.set(next - all.length + index, digest);
  return { next, digests };
}

/** Half of it is enough to tell two pieces apart. */
function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
