import { ChatLine } from '../../../contract/chat.ts';

/** A film's chat as a page holds it. */
export interface Chat {
  /** In the order of time. */
  readonly lines: readonly ChatLine[];
  /** How many lines of the file are none that we know. */
  readonly bad: number;
  /** There is more in the file than a page takes. */
  readonly cut: boolean;
}

export interface ChatLimits {
  readonly lines: number;
  readonly bytes: number;
  /** Characters of one line. The contract allows some 1,200 and each may be written as `\uXXXX`. */
  readonly line: number;
}

/** A long evening has 30,000 lines; what is far beyond that would cost a phone its memory. */
export const chatLimits: ChatLimits = { lines: 100_000, bytes: 32 * 1024 * 1024, line: 16_384 };

/**
 * Takes JSON Lines in pieces as they come, however they are cut. A line that can't be read is counted and left out: one
 * bad line must not take the other thousands away.
 */
export class ChatParser {
  readonly #limits: ChatLimits;
  readonly #decoder = new TextDecoder();
  readonly #lines: ChatLine[] = [];
  #rest = '';
  /** Inside a line that is too long; its end is awaited and nothing of it kept. */
  #skips = false;
  #bytes = 0;
  #bad = 0;
  #cut = false;
  #sorted = true;

  constructor(limits: ChatLimits = chatLimits) {
    this.#limits = limits;
  }

  /** @returns whether it wants more. */
  push(piece: Uint8Array): boolean {
    if (this.#cut) return false;
    const room = this.#limits.bytes - this.#bytes;
    this.#bytes += piece.byteLength;
    const text = this.#decoder.decode(piece.subarray(0, room), { stream: true });
    const parts = (this.#rest + text).split('\n');
    this.#rest = parts.pop() ?? '';
    for (const part of parts) {
      this.#take(part);
      if (this.#cut) return false;
    }
    if (this.#rest.length > this.#limits.line) {
      if (!this.#skips) this.#bad += 1;
      this.#skips = true;
      this.#rest = '';
    }
    // Exactly at the limit there may be nothing more to come.
    if (this.#bytes > this.#limits.bytes) this.#cut = true;
    return !this.#cut;
  }

  end(): Chat {
    // What the limit has cut through is no line.
    if (!this.#cut) this.#take(this.#rest + this.#decoder.decode());
    if (!this.#sorted) this.#lines.sort((a, b) => a.ms - b.ms);
    return { lines: this.#lines, bad: this.#bad, cut: this.#cut };
  }

  #take(text: string): void {
    if (this.#skips) {
      this.#skips = false;
      return;
    }
    if (text.trim() === '') return;
    const line = text.length > this.#limits.line ? undefined : parseLine(text);
    if (line === undefined) this.#bad += 1;
    else if (this.#lines.length >= this.#limits.lines) this.#cut = true;
    else {
      this.#sorted &&= line.ms >= (this.#lines.at(-1)?.ms ?? 0);
      this.#lines.push(line);
    }
  }
}

function parseLine(text: string): ChatLine | undefined {
  try {
    return ChatLine.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
