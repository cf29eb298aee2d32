/** Bytes on their way into parts: chunks go in as they come, and are put together once, when a part is full. */
export class PartBuffer {
  readonly #chunks: Buffer[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(bytes: Buffer): void {
    if (bytes.byteLength === 0) return;
    this.#chunks.push(bytes);
    this.#size += bytes.byteLength;
  }

  /** The first `count` bytes (all, when there are fewer) in one piece. They stay until `drop`. */
  peek(count: number = this.#size): Buffer {
    const joined = Buffer.concat(this.#chunks, this.#size);
    this.#chunks.splice(0, this.#chunks.length, joined);
    return joined.subarray(0, Math.min(count, this.#size));
  }

  /** Forgets the first `count` bytes: they are kept elsewhere now. */
  drop(count: number): void {
    const rest = this.peek().subarray(count);
    this.#chunks.length = 0;
    this.#size = 0;
    this.push(rest);
  }
}
