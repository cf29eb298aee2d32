import type { ServerFrame } from '../../contract/signalling.ts';

/** Most that is kept for a client that has not said that it has come. */
export interface OutboxLimits {
  readonly frames: number;
  /** Characters of JSON. */
  readonly size: number;
}
export const defaultOutboxLimits: OutboxLimits = { frames: 4_000, size: 4 * 1_024 * 1_024 };

/**
 * What a session has said and its client may not have got: numbered from 1 without gaps, kept until the client says that
 * it has come, within limits. Knows no sockets.
 */
export class Outbox {
  readonly #limits: OutboxLimits;
  readonly #kept: { readonly seq: number; readonly text: string }[] = [];
  #last: number;
  #size = 0;

  /** @param last number of the last message before; the first one gets the next */
  constructor(last = 0, limits: OutboxLimits = defaultOutboxLimits) {
    this.#last = last;
    this.#limits = limits;
  }

  get last(): number {
    return this.#last;
  }
  get frames(): number {
    return this.#kept.length;
  }
  get size(): number {
    return this.#size;
  }

  /** Numbers a message and keeps it. Null: there is no room; the client has not read for too long. */
  add(frame: ServerFrame): string | null {
    const seq = this.#last + 1;
    const text = JSON.stringify({ ...frame, seq });
    if (this.#kept.length >= this.#limits.frames || this.#size + text.length > this.#limits.size) return null;
    this.#last = seq;
    this.#kept.push({ seq, text });
    this.#size += text.length;
    return text;
  }

  /** Everything up to here has come. */
  acknowledge(seq: number): void {
    let count = 0;
    while (count < this.#kept.length && (this.#kept[count]?.seq ?? 0) <= seq) {
      this.#size -= this.#kept[count]?.text.length ?? 0;
      count += 1;
    }
    this.#kept.splice(0, count);
  }

  /** What came after a message. Null: it is not known any more, or was never said. */
  after(seq: number): readonly string[] | null {
    const first = this.#kept[0]?.seq ?? this.#last + 1;
    if (seq < first - 1 || seq > this.#last) return null;
    return this.#kept.filter((one) => one.seq > seq).map(({ text }) => text);
  }
}
