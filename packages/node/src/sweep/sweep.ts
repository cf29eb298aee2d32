import type { Clock } from '@backlot/contract/clock';
import { killGroup, membersOf, removeGroup, setFrozen } from '../limits/control-group.ts';
import type { Limits } from '../limits/limits.ts';
import { endTree, findTree, type TreeQuery } from '../processes/end-tree.ts';
import type { ProcessEntry, ProcessIdentity } from '../processes/identity.ts';
import { allocationMark, commandMark, nodeMark, runnerMark } from '../processes/marks.ts';
import type { ProcessTable } from '../processes/process-table.ts';

export interface SweepParts {
  readonly table: ProcessTable;
  readonly limits: Limits;
  readonly clock: Clock;
  /** Value of this node's mark. */
  readonly owner: string;
  /** Value of the commands' mark of this agent process. */
  readonly instance: string;
  /** Ids of the allocations in the journal that have not ended, and of the hosts that run. */
  live(): ReadonlySet<string>;
}

/** What a sweep found and did. All empty when there was nothing to do. */
export interface SweepReport {
  /** Allocations (or hosts) of whom something was left, by id. */
  readonly allocations: readonly string[];
  /** Processes that were ended. */
  readonly ended: number;
  /** Control groups that were removed, by name. */
  readonly groups: readonly string[];
  /** Processes that would not go. */
  readonly survivors: readonly ProcessIdentity[];
}

/**
 * Ends everything of this node that nobody knows any more: runners and processes of allocations that are not in the
 * journal, commands of agents that have died, and control groups without an allocation. After a crash at whatever moment
 * nothing is left then that could write a file or take a GPU in the name of an attempt that has been given away.
 *
 * The processes are listed before the journal is asked, so that work which begins meanwhile is not taken for a stray.
 */
export async function sweep(parts: SweepParts): Promise<SweepReport> {
  const { table, limits, clock, owner, instance } = parts;
  const groups = limits.existing();
  const entries = await table.list();
  const ours = (await table.withMark(entries, nodeMark, owner)).filter(
    ({ pid, state }) => state !== 'zombie' && pid !== process.pid,
  );
  const marked = await Promise.all(
    ours.map(async (entry) => ({ entry, ...(await readMarks(table, entry)) })),
  );
  const live = parts.live();

  const strayGroups = groups.filter(({ name }) => !live.has(name));
  const strays = marked.filter(({ id, command }) =>
    command === undefined ? id !== undefined && !live.has(id) : command !== instance,
  );
  // A runner is known by what it runs. One that runs nothing waits for work, begins or ends, and needs no help in that.
  const runners = marked.filter(
    ({ runner, entry }) => runner && strays.some((stray) => stray.entry.parent === entry.pid),
  );
  const ids = new Set([
    ...strays.map(({ id }) => id).filter((id) => id !== undefined),
    ...strayGroups.map(({ name }) => name),
  ]);

  let ended = 0;
  const survivors: ProcessIdentity[] = [];
  const end = async (query: TreeQuery, killAll?: () => boolean) => {
    const report = await endTree(table, clock, query, { graceMs: 0, ...(killAll ? { killAll } : {}) });
    ended += report.found;
    survivors.push(...report.survivors);
  };
  // Runners first: one that lived on would tell an end that nobody waits for.
  await end({ roots: runners.map(({ entry }) => entry) });
  for (const group of strayGroups) {
    if (group.freezer?.version === 1) setFrozen(group, false);
    await end({ roots: [], mark: group.name, members: () => membersOf(group) }, () => killGroup(group));
  }
  await end({ roots: strays.map(({ entry }) => entry) });
  for (const id of ids) {
    if ((await findTree(table, { roots: [], mark: id })).length > 0) await end({ roots: [], mark: id });
  }
  return {
    allocations: [...ids],
    ended,
    groups: strayGroups.filter((group) => removeGroup(group)).map(({ name }) => name),
    survivors,
  };
}

/** Whose process this is, by the environment that it was started with. */
async function readMarks(table: ProcessTable, entry: ProcessEntry) {
  const [allocation, runner, command] = await Promise.all(
    [allocationMark, runnerMark, commandMark].map((name) => table.environment(entry, name)),
  );
  return { id: allocation, runner: runner !== undefined, command };
}
