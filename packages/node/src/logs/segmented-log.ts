import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@backlot/contract/clock';
import { type LogStream, segmentName, segmentsToRemove } from './segment-name.ts';

export interface SegmentedLogOptions {
  readonly folder: string;
  readonly stream: LogStream;
  /** Greatest size of one file, in bytes. */
  readonly segmentBytes: number;
  /** Greatest size of all files of the stream together, in bytes; at least two segments. */
  readonly totalBytes: number;
  readonly clock: Clock;
}

/** How long to leave a disk alone that did not take a write, in milliseconds. */
const retryMs = 1_000;

/**
 * Writes what a process prints to files, byte for byte, rotated by size. Positions count every byte that the process
 * wrote, kept or not, so what has been dropped (the cap was reached, the disk was full) shows as a gap between files.
 * It never throws and never blocks the process for longer than the disk takes: a log is not worth a render.
 */
export class SegmentedLog {
  readonly #options: SegmentedLogOptions;
  readonly #starts: number[] = [];
  #file: FileHandle | undefined;
  #fileBytes = 0;
  #position = 0;
  #dropped = 0;
  #retryAt = Number.NEGATIVE_INFINITY;

  constructor(options: SegmentedLogOptions) {
    this.#options = options;
  }

  /** Bytes that the process has written to the stream. */
  get position(): number {
    return this.#position;
  }

  /** Bytes that could not be kept because the disk took no more. What the cap removes is not counted here. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Writes a chunk. Call it again only after the promise has resolved: that is what slows down a flood. */
  async write(chunk: Buffer): Promise<void> {
    let rest = chunk;
    while (rest.length > 0) {
      const file = await this.#current();
      const part = rest.subarray(0, Math.max(1, this.#options.segmentBytes - this.#fileBytes));
      if (!file || !(await this.#put(file, part))) this.#dropped += part.length;
      this.#position += part.length;
      rest = rest.subarray(part.length);
    }
  }

  /** Brings everything to the disk and closes the file. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (!file) return;
    // The log of a failed attempt is the one that matters most, and its machine is the likeliest to go down next.
    await file.datasync().catch(ignore);
    await file.close().catch(ignore);
  }

  /** The file to write to: the one that is open, or a new one; nothing while the disk is left alone. */
  async #current(): Promise<FileHandle | undefined> {
    const { folder, stream, segmentBytes, totalBytes, clock } = this.#options;
    if (this.#file && this.#fileBytes < segmentBytes) return this.#file;
    await this.#file?.close().catch(ignore);
    this.#file = undefined;
    if (clock.monotonic() < this.#retryAt) return undefined;

    const surplus = segmentsToRemove(
      [...this.#starts, this.#position],
      Math.floor(totalBytes / segmentBytes),
    );
    for (const start of surplus) {
      await unlink(join(folder, segmentName(stream, start))).catch(ignore);
      this.#starts.splice(this.#starts.indexOf(start), 1);
    }
    try {
      this.#file = await open(join(folder, segmentName(stream, this.#position)), 'w', 0o640);
      this.#fileBytes = 0;
      this.#starts.push(this.#position);
    } catch {
      this.#retryAt = clock.monotonic() + retryMs;
    }
    return this.#file;
  }

  /** Whether all bytes were taken. After a failure the file is cut back to whole chunks and closed: a gap follows. */
  async #put(file: FileHandle, part: Buffer): Promise<boolean> {
    try {
      let written = 0;
      while (written < part.length) {
        written += (await file.write(part, written, part.length - written, this.#fileBytes + written))
          .bytesWritten;
      }
      this.#fileBytes += part.length;
      return true;
    } catch {
      await file.truncate(this.#fileBytes).catch(ignore);
      await file.close().catch(ignore);
      this.#file = undefined;
      this.#retryAt = this.#options.clock.monotonic() + retryMs;
      return false;
    }
  }
}

function ignore(): void {
  // The disk is full or gone; the bytes are counted as dropped, and there is nobody to tell who could do better.
}
