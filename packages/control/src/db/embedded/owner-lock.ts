import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { storeErrors } from '@backlot/contract/errors/store';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-table.ts';

/** The right of one control process to a data directory. */
export interface OwnerLock {
  /** Gives the right up. Harmless when repeated. */
  release(): Promise<void>;
}

/** What to do about a lock file that stands there. */
export function judgeLock(
  holder: ProcessIdentity | undefined,
  alive: (identity: ProcessIdentity) => boolean,
): 'stale' | 'held' {
  return holder !== undefined && alive(holder) ? 'held' : 'stale';
}

/**
 * Takes the right to a data directory, so that two control processes never fight over one database server:
 * each would take the other's server for a leftover and end it. A file names the holder by process id and
 * start time; the file of a dead holder is taken over. It does not see across containers that share a
 * volume, where PostgreSQL's own lock on the data directory still refuses the second server.
 *
 * @throws data_directory_in_use
 */
export async function takeOwnerLock(path: string, directory: string): Promise<OwnerLock> {
  const mine = JSON.stringify(ownIdentity());
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, mine, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      try {
        await link(draft, path); // atomic: it fails when the name is taken
        return { release: () => releaseLock(path, mine) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const seen = await readFile(path, 'utf8').catch(() => '');
      const holder = readHolder(seen);
      if (holder && judgeLock(holder, isAlive) === 'held') {
        throw new BacklotError(storeErrors.data_directory_in_use, { params: { pid: holder.pid, directory } });
      }
      await clearStaleLock(path, seen);
    }
    throw new BacklotError(storeErrors.data_directory_in_use, { params: { pid: 0, directory } });
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Moves a dead holder's file aside. Two processes may have judged the same file: whoever finds that it moved
 * a fresh lock instead puts it back.
 */
async function clearStaleLock(path: string, judged: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
    if ((await readFile(aside, 'utf8')) !== judged) await link(aside, path).catch(() => undefined);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function releaseLock(path: string, mine: string): Promise<void> {
  const present = await readFile(path, 'utf8').catch(() => undefined);
  if (present === mine) await rm(path, { force: true });
}

/** The holder that a lock file names; undefined when the file is torn or empty. */
export function readHolder(text: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    if (!('pid' in value) || typeof value.pid !== 'number') return undefined;
    if (!('startedAt' in value) || typeof value.startedAt !== 'string') return undefined;
    return { pid: value.pid, startedAt: value.startedAt };
  } catch {
    return undefined;
  }
}
