import type { Writable } from 'node:stream';

const BATCH_BYTES = 512 * 1024;

/** Writes many small pieces as few large ones, and waits while whoever reads is slower. */
export class BatchWriter {
  readonly #out: Writable;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(out: Writable) {
    this.#out = out;
  }

  /** @throws when the reader has gone. Resolves at once while there is room. */
  async put(bytes: Buffer): Promise<void> {
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes >= BATCH_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#bytes === 0) return;
    const batch = Buffer.concat(this.#parts, this.#bytes);
    this.#parts = [];
    this.#bytes = 0;
    const out = this.#out;
    if (out.destroyed || out.writableEnded) throw new Error('Whoever reads the joined media has gone.');
    if (out.write(batch)) return;
    await new Promise<void>((resolve, reject) => {
      const settle = () => {
        out.off('drain', onDrain);
        out.off('close', onClose);
      };
      const onDrain = () => {
        settle();
        resolve();
      };
      const onClose = () => {
        settle();
        reject(new Error('Whoever reads the joined media has gone.'));
      };
      out.once('drain', onDrain);
      out.once('close', onClose);
    });
  }
}
