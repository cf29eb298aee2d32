import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import type { Logger } from 'pino';
import { clearLeftovers } from './leftovers.ts';
import { socketDirectory } from './listen.ts';
import { readHolder } from './owner-lock.ts';
import { isAlive } from './process-table.ts';

/**
 * Ends the server that a dead owner left in a folder. Returns false, and touches nothing, when the folder was
 * never owned or its owner lives.
 */
export async function clearAbandoned(dataDir: string, log: Logger): Promise<boolean> {
  const directory = await realpath(dataDir).catch(() => undefined);
  if (directory === undefined) return false;
  const holder = readHolder(await readFile(join(directory, 'owner.json'), 'utf8').catch(() => ''));
  if (holder === undefined || isAlive(holder)) return false;
  await clearLeftovers(join(directory, 'data'), socketDirectory(directory), log, systemClock);
  return true;
}
