import type { Clock } from '@backlot/contract/clock';
import { findTree, type TreeQuery } from './end-tree.ts';
import type { ProcessTable } from './process-table.ts';

/**
 * Stops every process of a tree in place by SIGSTOP, and looks again until all of them are seen stopped and no new
 * ones appear. Used where the machine has no freezer: SIGSTOP can't be refused, but a parent notices it by `waitpid`.
 * Tells whether the whole tree was seen stopped in time.
 */
export async function stopTree(
  table: ProcessTable,
  clock: Clock,
  query: TreeQuery,
  ms = 100,
): Promise<boolean> {
  if (!table.stopsProcesses) return false;
  const until = clock.monotonic() + ms;
  for (;;) {
    const moving = (await findTree(table, query)).filter((entry) => entry.state !== 'stopped');
    if (moving.length === 0) return true;
    if (clock.monotonic() >= until) return false;
    for (const entry of moving) await table.signal(entry, 'SIGSTOP');
    await clock.sleep(1);
  }
}

/** Lets a tree stopped by `stopTree` go on, children first, so that no parent sees a child still stopped. */
export async function continueTree(
  table: ProcessTable,
  clock: Clock,
  query: TreeQuery,
  ms = 100,
): Promise<boolean> {
  const until = clock.monotonic() + ms;
  for (;;) {
    const stopped = (await findTree(table, query)).filter((entry) => entry.state === 'stopped');
    if (stopped.length === 0) return true;
    if (clock.monotonic() >= until) return false;
    for (const entry of stopped.reverse()) await table.signal(entry, 'SIGCONT');
    await clock.sleep(1);
  }
}
