import { appendFile, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { readIfThere } from '../segments/if-there.ts';

const Row = z.object({ path: z.string(), size: z.number(), digest: z.string(), at: z.string() });

/**
 * Which files of the recorder's folder are taken in: a line each, beside the files, so that it lasts as long as they do. A file
 * that is named here is never taken again, whichever allocation asks.
 */
export class TakenFiles {
  readonly #file: string;
  readonly #paths: Set<string>;

  private constructor(file: string, paths: Set<string>) {
    this.#file = file;
    this.#paths = paths;
  }

  /** @throws Error of the disk: without it everything would be taken in twice */
  static async open(file: string): Promise<TakenFiles> {
    await mkdir(dirname(file), { recursive: true });
    const text = (await readIfThere(file))?.toString('utf8') ?? '';
    const paths = new Set<string>();
    for (const line of text.split('\n')) {
      try {
        paths.add(Row.parse(JSON.parse(line)).path);
      } catch {
        // The line that a killed process did not finish: its file is taken again, under the same name.
      }
    }
    // A torn last line must not swallow the next one.
    if (text !== '' && !text.endsWith('\n')) await appendFile(file, '\n');
    return new TakenFiles(file, paths);
  }

  has(path: string): boolean {
    return this.#paths.has(path);
  }

  async add(row: Omit<z.infer<typeof Row>, 'at'>): Promise<void> {
    const file = await open(this.#file, 'a', 0o600);
    try {
      await file.appendFile(`${JSON.stringify({ ...row, at: new Date().toISOString() })}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
    this.#paths.add(row.path);
  }
}
