import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { SegmentDisk } from './disk-port.ts';

/** Behind the name of a segment that is being written. */
export const PART_SUFFIX = '.part';

export interface FinishedFile {
  readonly bytes: number;
  /** Sha-256 of its bytes, 64 hexadecimal digits. */
  readonly digest: string;
}

/**
 * One segment on its way to the disk. What one read of the source brought goes to the system in one call before the next
 * read, so a killed process loses only what it has not read yet. The digest is made on the way.
 */
export class SegmentFile {
  readonly path: string;
  readonly #disk: SegmentDisk;
  readonly #hash = createHash('sha256');
  readonly #onFailure: (error: Error) => void;
  #fd: number | undefined;
  #gathered: Buffer[] = [];
  #dirty = false;
  /** Bytes that are in the file. */
  written = 0;
  failure: Error | undefined;

  /**
   * @param path of the finished file; while it grows it has `.part` behind its name
   * @param onFailure called once, and never from within one of these methods
   */
  constructor(disk: SegmentDisk, path: string, onFailure: (error: Error) => void) {
    this.#disk = disk;
    this.path = path;
    this.#onFailure = onFailure;
    try {
      this.#fd = disk.create(`${path}${PART_SUFFIX}`);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Bytes for the next `flush`; they must not change before. */
  write(bytes: Buffer): void {
    if (!this.failure) this.#gathered.push(bytes);
  }

  /** Hands what was gathered to the system. */
  flush(): void {
    let buffers = this.#gathered;
    if (buffers.length === 0 || this.#fd === undefined) return;
    this.#gathered = [];
    try {
      while (buffers.length > 0) {
        const written = this.#disk.write(this.#fd, buffers);
        if (written === 0) throw new Error('The disk takes nothing.');
        this.written += written;
        this.#dirty = true;
        // The system may take less: usually the last bytes of a full disk. The next call tells.
        buffers = this.#taken(buffers, written);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Makes sure that what is written survives a power cut. Does nothing where nothing is new. */
  async sync(): Promise<void> {
    if (!this.#dirty || this.#fd === undefined || this.failure) return;
    this.#dirty = false;
    await this.#disk.dataSync(this.#fd).catch((error: unknown) => this.#fail(error));
  }

  /**
   * Ends the file: all bytes, or the first `wholeBytes` of them where the rest is the beginning of something that never
   * came whole. Nothing where the disk failed: the file stays as it is, for the salvage.
   */
  async finish(wholeBytes: number): Promise<FinishedFile | undefined> {
    this.flush();
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd === undefined) return undefined;
    const part = `${this.path}${PART_SUFFIX}`;
    try {
      if (this.failure) return undefined;
      const cut = wholeBytes < this.written;
      if (cut) await this.#disk.truncate(fd, wholeBytes);
      await this.#disk.dataSync(fd);
      const digest = cut ? await digestOf(part) : this.#hash.digest('hex');
      await this.#disk.rename(part, this.path);
      return { bytes: cut ? wholeBytes : this.written, digest };
    } catch (error) {
      this.#fail(error);
      return undefined;
    } finally {
      await this.#disk.close(fd).catch(() => {});
    }
  }

  /** Adds the bytes that were taken to the digest. @returns those that were not. */
  #taken(buffers: readonly Buffer[], written: number): Buffer[] {
    const left: Buffer[] = [];
    let rest = written;
    for (const buffer of buffers) {
      const here = Math.min(rest, buffer.length);
      if (here === buffer.length) this.#hash.update(buffer);
      else {
        if (here > 0) this.#hash.update(buffer.subarray(0, here));
        left.push(buffer.subarray(here));
      }
      rest -= here;
    }
    return left;
  }

  #fail(cause: unknown): void {
    if (this.failure) return;
    const error = cause instanceof Error ? cause : new Error(String(cause));
    this.failure = error;
    this.#gathered = [];
    queueMicrotask(() => this.#onFailure(error));
  }
}

/** The digest of a file, by reading it. */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}
