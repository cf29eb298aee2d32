import type { AnswerHead } from './answer-head.ts';

/** Takes the framing of HTTP off a body that comes in slices of any size. Bytes that are told of lie in the slice. */
export interface BodyFraming {
  /** @returns false when the body is whole: nothing of it follows. @throws where the framing is broken */
  push(slice: Buffer, onBytes: (bytes: Buffer) => void): boolean;
  /** Whether the connection may end here without anything being missing. */
  readonly mayEnd: boolean;
}

/** How the body of an answer is framed (RFC 9112, 6.3). @throws for a coding that was not asked for */
export function framingOf({ headers }: AnswerHead): BodyFraming {
  const coding = headers.get('transfer-encoding')?.toLowerCase();
  if (coding === 'chunked') return new ChunkedFraming();
  if (coding !== undefined && coding !== 'identity')
    throw new Error(`The server sends in a coding that was not asked for: ${coding.slice(0, 40)}.`);
  const length = headers.get('content-length');
  return length !== undefined && /^\d{1,15}$/.test(length)
    ? new CountedFraming(Number(length))
    : new OpenFraming();
}

/** Until the connection ends: how most live servers send. */
class OpenFraming implements BodyFraming {
  readonly mayEnd = true;

  push(slice: Buffer, onBytes: (bytes: Buffer) => void): boolean {
    onBytes(slice);
    return true;
  }
}

class CountedFraming implements BodyFraming {
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get mayEnd(): boolean {
    return this.#left === 0;
  }

  push(slice: Buffer, onBytes: (bytes: Buffer) => void): boolean {
    const bytes = slice.subarray(0, this.#left);
    this.#left -= bytes.length;
    if (bytes.length > 0) onBytes(bytes);
    return this.#left > 0;
  }
}

/** A line of a chunk's length, with extensions, or of a trailer, is never honestly longer. */
const LONGEST_LINE = 8 * 1024;
const LF = 10;

/** The chunked transfer coding (RFC 9112, 7.1): lines of lengths between the bytes; trailers are passed over. */
class ChunkedFraming implements BodyFraming {
  #state: 'length' | 'bytes' | 'behind' | 'trailer' | 'over' = 'length';
  #line = '';
  /** Bytes of the chunk that are still to come. */
  #left = 0;

  get mayEnd(): boolean {
    return this.#state === 'over';
  }

  push(slice: Buffer, onBytes: (bytes: Buffer) => void): boolean {
    let at = 0;
    while (at < slice.length && this.#state !== 'over') {
      if (this.#state === 'bytes') {
        const bytes = slice.subarray(at, at + this.#left);
        at += bytes.length;
        this.#left -= bytes.length;
        if (this.#left === 0) this.#state = 'behind';
        onBytes(bytes);
        continue;
      }
      const end = slice.indexOf(LF, at);
      this.#line += slice.toString('latin1', at, end < 0 ? slice.length : end);
      if (this.#line.length > LONGEST_LINE) throw new Error('The server’s chunks are broken.');
      if (end < 0) break;
      at = end + 1;
      this.#endLine();
    }
    return this.#state !== 'over';
  }

  #endLine(): void {
    const line = this.#line.trim();
    this.#line = '';
    if (this.#state === 'behind') {
      if (line !== '') throw new Error('The server’s chunks are broken.');
      this.#state = 'length';
    } else if (this.#state === 'trailer') {
      if (line === '') this.#state = 'over';
    } else {
      const length = /^([0-9a-f]{1,12})\s*(;|$)/i.exec(line)?.[1];
      if (length === undefined) throw new Error('The server’s chunks are broken.');
      this.#left = Number.parseInt(length, 16);
      this.#state = this.#left > 0 ? 'bytes' : 'trailer';
    }
  }
}
