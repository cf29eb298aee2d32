import { type FileHandle, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from './durable-file.ts';
import { formatLine, parseLines } from './record-lines.ts';

/**
 * An append-only file of records that survives the death of the process and of the machine. `append` resolves when
 * the record is on the disk; appends that come while one is being written go together with one sync.
 */
export class Journal {
  readonly #path: string;
  #file: FileHandle | undefined;
  #size: number;
  /** Lines that go with the next write, and its end. */
  #next: { readonly lines: string[]; readonly written: Promise<void> } | undefined;
  /** Settles when everything given so far is written, or could not be. */
  #tail: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle, size: number) {
    this.#path = path;
    this.#file = file;
    this.#size = size;
  }

  /** Opens a journal, or makes an empty one. A torn end is cut off. @returns it and what it holds */
  static async open(path: string): Promise<{ journal: Journal; records: readonly unknown[] }> {
    const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    // An offer may hold secrets of its own; they are nobody's to read but the agent's.
    const file = await open(path, 'a', 0o600);
    try {
      const { records, bytes } = parseLines(content ?? Buffer.alloc(0));
      if (content === undefined) await syncFolder(dirname(path));
      else if (bytes < content.length) {
        await file.truncate(bytes);
        await file.datasync();
      }
      return { journal: new Journal(path, file, bytes), records };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get path(): string {
    return this.#path;
  }

  /** Adds a record. Rejects when the disk doesn't take it; then the file is as it was before. */
  append(record: unknown): Promise<void> {
    if (!this.#file) return Promise.reject(new Error(`The journal ${this.#path} is closed.`));
    this.#next ??= this.#batch();
    this.#next.lines.push(formatLine(record));
    return this.#next.written;
  }

  async close(): Promise<void> {
    await this.#tail;
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  #batch() {
    const lines: string[] = [];
    const written = this.#tail.then(() => {
      this.#next = undefined;
      return this.#write(lines.join(''));
    });
    this.#tail = written.catch(() => undefined);
    return { lines, written };
  }

  async #write(text: string): Promise<void> {
    const file = this.#file;
    if (!file) throw new Error(`The journal ${this.#path} is closed.`);
    const bytes = Buffer.from(text);
    try {
      await writeAll(file, bytes);
      await file.datasync();
      this.#size += bytes.length;
    } catch (error) {
      // A half-written line would hide all that follow.
      await file.truncate(this.#size).catch(() => undefined);
      throw error;
    }
  }
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  let written = 0;
  while (written < bytes.length) written += (await file.write(bytes, written)).bytesWritten;
}
