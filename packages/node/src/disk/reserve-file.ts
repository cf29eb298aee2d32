import { open, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { startBytes, watermarksOf } from './watermarks.ts';

/** The reserve of a data folder on a disk of this size. */
export function reserveOf(folder: string, total: number): ReserveFile {
  return new ReserveFile(join(folder, 'reserve'), watermarksOf(total).reserve, startBytes(total));
}

/** A file that only takes room, to be given back when the last of it is needed for closing others. */
export class ReserveFile {
  readonly #path: string;
  readonly #bytes: number;
  readonly #kept: number;

  /** @param kept so much of it is for an agent that has to start */
  constructor(path: string, bytes: number, kept: number) {
    this.#path = path;
    this.#bytes = bytes;
    this.#kept = kept;
  }

  /** Written, not only promised: a sparse file would reserve nothing. */
  async fill(): Promise<void> {
    if ((await this.#size()) === this.#bytes) return;
    const file = await open(this.#path, 'w', 0o600);
    try {
      const block = Buffer.alloc(Math.min(this.#bytes, 4 * 1024 * 1024), 0x2d);
      for (let at = 0; at < this.#bytes; at += block.length) {
        await file.write(block, 0, Math.min(block.length, this.#bytes - at), at);
      }
    } finally {
      await file.close();
    }
  }

  /** All but what an agent needs to start on the full disk. @returns whether there was something to give */
  async giveBack(): Promise<boolean> {
    const size = await this.#size();
    if (size === undefined || size <= this.#kept) return false;
    await truncate(this.#path, this.#kept);
    return true;
  }

  /** The rest too. @returns whether there was something to give */
  async remove(): Promise<boolean> {
    const size = await this.#size();
    await rm(this.#path, { force: true });
    return size !== undefined && size > 0;
  }

  async #size(): Promise<number | undefined> {
    return (await stat(this.#path).catch(() => undefined))?.size;
  }
}
