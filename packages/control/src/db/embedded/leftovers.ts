import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@backlot/contract/clock';
import type { Logger } from 'pino';
import { postgresProcessesIn, processStartTime, signalProcess } from './process-table.ts';

/** How long each stage may take before the next, harder one, in milliseconds. */
const STAGES: readonly { readonly signal: NodeJS.Signals; readonly waitMs: number }[] = [
  // Fast shutdown: sessions are ended, a checkpoint is written, the next start needs no recovery.
  { signal: 'SIGINT', waitMs: 5_000 },
  // Immediate shutdown: no checkpoint; committed work comes back from the log at the next start.
  { signal: 'SIGQUIT', waitMs: 2_000 },
  { signal: 'SIGKILL', waitMs: 2_000 },
];

/**
 * Ends what an earlier, killed life left in a data directory: a server whose owner died, or backends whose
 * server died and that still hold its shared memory (PostgreSQL refuses to start beside them). Only processes
 * that work in this very directory are touched, and only while nobody holds its owner lock.
 *
 * @param dataDirectory real path of the directory, as the kernel shows it
 * @returns how many processes were ended
 */
export async function clearLeftovers(
  dataDirectory: string,
  socketDirectory: string,
  log: Logger,
  clock: Clock,
): Promise<number> {
  const first = postgresProcessesIn(dataDirectory);
  if (first.length > 0) {
    log.warn(
      { pids: first.map(({ pid }) => pid) },
      'ending a database server that an earlier run left behind',
    );
    const postmaster = await readPid(join(dataDirectory, 'postmaster.pid'));
    for (const { signal, waitMs } of STAGES) {
      const alive = postgresProcessesIn(dataDirectory);
      if (alive.length === 0) break;
      // A living server ends its own backends, and only it can write the final checkpoint. Without one,
      // backends notice by themselves within moments; SIGINT would merely cancel their statement.
      const leader = alive.find(({ pid }) => pid === postmaster);
      const targets = leader && signal !== 'SIGKILL' ? [leader] : signal === 'SIGINT' ? [] : alive;
      for (const target of targets) signalProcess(target, signal);
      await waitUntilGone(dataDirectory, leader ? waitMs : Math.min(waitMs, 1_000), clock);
    }
  }
  await removeMisleadingLocks(dataDirectory, socketDirectory, log);
  return first.length;
}

/** The process id in a PostgreSQL lock file, its first line; undefined when there is no such file. */
async function readPid(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

/**
 * PostgreSQL takes its lock files for valid when any process of the same user has the number inside, which
 * happens at every second start inside containers, where numbers are small. Where the process table can be
 * read, and shows nobody at work in the directory, they are proved stale.
 */
async function removeMisleadingLocks(
  dataDirectory: string,
  socketDirectory: string,
  log: Logger,
): Promise<void> {
  if (process.platform !== 'linux') return;
  for (const file of [join(dataDirectory, 'postmaster.pid'), join(socketDirectory, '.s.PGSQL.5432.lock')]) {
    const pid = await readPid(file);
    if (pid === undefined || processStartTime(pid) === undefined) continue;
    if (postgresProcessesIn(dataDirectory).length > 0) return;
    log.warn({ pid, file }, 'removing a lock file whose process number belongs to another program now');
    await rm(file, { force: true });
  }
}

async function waitUntilGone(dataDirectory: string, limitMs: number, clock: Clock): Promise<void> {
  const end = clock.monotonic() + limitMs;
  while (postgresProcessesIn(dataDirectory).length > 0 && clock.monotonic() < end) await clock.sleep(20);
}
