import type { Clock } from '@backlot/contract/clock';
import type { ProcessEntry, ProcessIdentity } from './identity.ts';
import { allocationMark, commandRunMark } from './marks.ts';
import type { ProcessTable, TreeSignal } from './process-table.ts';
import { type TreeScope, treeOf } from './tree.ts';

/** What `endTree` looks for. */
export interface TreeQuery {
  readonly roots: readonly ProcessIdentity[];
  /** Value of `BACKLOT_ALLOCATION`. */
  readonly mark?: string;
  /** Value of `BACKLOT_COMMAND_RUN`. */
  readonly commandRun?: string;
  /** Pids in the control group right now. */
  readonly members?: () => readonly number[];
  /** Never touched, nor their ancestors: the runner, this process. */
  readonly spare?: readonly number[];
}

export interface EndTreeOptions {
  /** First asked to end by this signal; nothing is asked when `graceMs` is 0. */
  readonly askBy?: TreeSignal;
  readonly graceMs: number;
  /** How long to go on killing before giving up on processes that can't die (in uninterruptible sleep). */
  readonly killMs?: number;
  /** A quicker way to kill all at once, tried first: the control group's. */
  readonly killAll?: () => boolean;
}

export interface TreeReport {
  /** How many processes were there at the beginning. */
  readonly found: number;
  /** How many had to be killed. */
  readonly killed: number;
  /** Those that did not go; empty unless something is stuck in the kernel. */
  readonly survivors: readonly ProcessIdentity[];
}

/** The living processes that a query means, parents first. */
export async function findTree(table: ProcessTable, query: TreeQuery): Promise<ProcessEntry[]> {
  const entries = await table.list();
  const marked = [
    ...(query.mark ? await table.withMark(entries, allocationMark, query.mark) : []),
    ...(query.commandRun ? await table.withMark(entries, commandRunMark, query.commandRun) : []),
  ];
  const scope: TreeScope = { roots: query.roots, marked, members: query.members?.() ?? [] };
  return treeOf(entries, scope, [process.pid, ...(query.spare ?? [])]);
}

/**
 * Ends a whole tree of processes: asks, waits, then stops every process in place before killing it, so that a fork
 * bomb can't outrun the killing. Repeats until a look at the process table finds none of it.
 */
export async function endTree(
  table: ProcessTable,
  clock: Clock,
  query: TreeQuery,
  options: EndTreeOptions,
): Promise<TreeReport> {
  let tree = await findTree(table, query);
  const found = tree.length;
  if (options.graceMs > 0 && tree.length > 0) {
    for (const entry of tree) await table.signal(entry, options.askBy ?? 'SIGTERM');
    tree = await waitGone(table, clock, query, options.graceMs);
  }

  const killed = new Set<string>();
  const until = clock.monotonic() + (options.killMs ?? 5_000);
  if (tree.length > 0 && options.killAll?.()) {
    for (const entry of tree) killed.add(`${entry.pid}/${entry.start}`);
    tree = await waitGone(table, clock, query, 500);
  }
  while (tree.length > 0) {
    if (table.stopsProcesses) for (const entry of tree) await table.signal(entry, 'SIGSTOP');
    for (const entry of tree) {
      if (await table.signal(entry, 'SIGKILL')) killed.add(`${entry.pid}/${entry.start}`);
    }
    if (clock.monotonic() >= until) break;
    tree = await waitGone(table, clock, query, 50);
  }
  return { found, killed: killed.size, survivors: tree.map(({ pid, start }) => ({ pid, start })) };
}

/** Looks until nothing of the tree is left or the time is over; gives what is left. */
async function waitGone(
  table: ProcessTable,
  clock: Clock,
  query: TreeQuery,
  ms: number,
): Promise<ProcessEntry[]> {
  const until = clock.monotonic() + ms;
  for (let pause = 2; ; pause = Math.min(pause * 2, 100)) {
    const tree = await findTree(table, query);
    const left = until - clock.monotonic();
    if (tree.length === 0 || left <= 0) return tree;
    await clock.sleep(Math.min(pause, left));
  }
}
