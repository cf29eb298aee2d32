import { readFile, stat } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

/** Times that the disk is asked before its fault counts, and the pause before each of them but the first, in milliseconds. */
const TRIES = 4;
const PAUSE_MS = 250;

/** A file's bytes; undefined where there is none. @throws Error of the disk */
export function readIfThere(path: string): Promise<Buffer | undefined> {
  return ifThere(() => readFile(path));
}

/** A file's size in bytes; undefined where there is none. @throws Error of the disk */
export function sizeIfThere(path: string): Promise<number | undefined> {
  return ifThere(async () => (await stat(path)).size);
}

/**
 * What can't be read now is not nothing: who took it for that would forget what was recorded. A process may have too many files
 * open, and a drive in the network may be away for a moment; so it is asked again, and then it is a fault.
 */
async function ifThere<T>(look: () => Promise<T>): Promise<T | undefined> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await look();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      if (tries === TRIES) throw error;
      await setTimeout(PAUSE_MS);
    }
  }
}
