import type { Clock } from '@backlot/contract/clock';
import type { LaunchFile } from '@backlot/contract/runner/files';
import {
  type GroupUsage,
  isFrozen,
  killGroup,
  membersOf,
  setFrozen,
  usageOf,
} from '../limits/control-group.ts';
import { endTree, findTree, type TreeQuery, type TreeReport } from '../processes/end-tree.ts';
import { continueTree, stopTree } from '../processes/freeze-tree.ts';
import { type ProcessIdentity, sameProcess } from '../processes/identity.ts';
import type { ProcessTable, TreeSignal } from '../processes/process-table.ts';

/** How long a freeze or thaw may take until it counts as failed, in milliseconds. */
export const freezeLimitMs = 1_000;
/** bubblewrap's own processes, which must not be asked to end: the program inside would be killed with them. */
const sandboxCommand = 'bwrap';

/** The child of an allocation with everything it has started, as one thing that is measured, stopped and ended. */
export class ChildTree {
  readonly #table: ProcessTable;
  readonly #clock: Clock;
  readonly #launch: Pick<LaunchFile, 'allocation' | 'group' | 'sandboxed'>;
  readonly #root: ProcessIdentity;
  /** Descendants seen so far, so that one that clears its environment and leaves is still known as ours. */
  #known: ProcessIdentity[] = [];
  #peakMemory = 0;
  #memory: number | undefined;
  #pids: readonly number[] = [];
  #cpuMs = new Map<string, number>();

  constructor(
    table: ProcessTable,
    clock: Clock,
    launch: Pick<LaunchFile, 'allocation' | 'group' | 'sandboxed'>,
    root: ProcessIdentity,
  ) {
    this.#table = table;
    this.#clock = clock;
    this.#launch = launch;
    this.#root = root;
  }

  get #query(): TreeQuery {
    const { allocation, group } = this.#launch;
    return {
      roots: [this.#root, ...this.#known],
      mark: allocation,
      members: () => membersOf(group),
      spare: [process.pid],
    };
  }

  /** Measures, and remembers who belongs to the tree. Call it every now and then while the child runs. */
  async sample(): Promise<void> {
    const group = usageOf(this.#launch.group);
    if (group.memory !== undefined && group.cpuMs !== undefined) {
      this.#memory = group.memory;
      this.#pids = this.#childFirst(membersOf(this.#launch.group));
      this.#peakMemory = Math.max(this.#peakMemory, group.memory);
      return;
    }
    // Without control groups the process table is read, which costs more and misses what ends between two looks.
    const tree = await findTree(this.#table, this.#query);
    this.#known = tree
      .filter((entry) => !sameProcess(entry, this.#root))
      .map(({ pid, start }) => ({ pid, start }));
    for (const entry of tree) this.#cpuMs.set(`${entry.pid}/${entry.start}`, entry.cpuMs);
    this.#memory = tree.reduce((sum, entry) => sum + entry.memory, 0);
    this.#pids = this.#childFirst(tree.map(({ pid }) => pid));
    this.#peakMemory = Math.max(this.#peakMemory, this.#memory);
  }

  /** What the last sample found. */
  lastSample(): { memory?: number; pids: readonly number[] } {
    return { pids: this.#pids, ...(this.#memory === undefined ? {} : { memory: this.#memory }) };
  }

  #childFirst(pids: readonly number[]): number[] {
    return pids.toSorted((a, b) => Number(b === this.#root.pid) - Number(a === this.#root.pid));
  }

  /** What was used until now. Fields that nothing on this machine measures are missing. */
  usage(): { cpuMs?: number; peakMemory?: number; oomKills: number } {
    const group: GroupUsage = usageOf(this.#launch.group);
    const oomKills = group.oomKills ?? 0;
    const counted = [...this.#cpuMs.values()].reduce((sum, ms) => sum + ms, 0);
    const cpuMs = group.cpuMs ?? (this.#cpuMs.size > 0 ? counted : undefined);
    // The kernel's own peak counts caches as well, so it is only taken when it must be: for an end by lack of memory,
    // which is quicker than any sampling, and for processes that ended before the first sample.
    const peak =
      oomKills > 0 || this.#peakMemory === 0 ? Math.max(group.peak ?? 0, this.#peakMemory) : this.#peakMemory;
    return {
      oomKills,
      ...(cpuMs === undefined ? {} : { cpuMs }),
      ...(peak === 0 ? {} : { peakMemory: peak }),
    };
  }

  /** Asks all processes of the tree to end, but for the sandbox's own. */
  async ask(signal: TreeSignal): Promise<void> {
    const tree = await findTree(this.#table, this.#query);
    const listening = this.#launch.sandboxed
      ? tree.filter(({ command }) => command !== sandboxCommand)
      : tree;
    for (const entry of listening) await this.#table.signal(entry, signal);
    // The sandbox is still being set up: there is nobody inside yet who could want to close a file.
    if (listening.length === 0) await this.kill();
  }

  /** Kills all that is left of the tree. */
  async kill(): Promise<TreeReport> {
    const { group } = this.#launch;
    // On version 1 a frozen process dies only when it is thawed.
    if (group.freezer?.version === 1) setFrozen(group, false);
    return await endTree(this.#table, this.#clock, this.#query, {
      graceMs: 0,
      killAll: () => killGroup(group),
    });
  }

  /** Stops the whole tree in place, or lets it go on. True when that was seen to have happened. */
  async setFrozen(frozen: boolean): Promise<boolean> {
    const { group } = this.#launch;
    if (!setFrozen(group, frozen)) {
      const act = frozen ? stopTree : continueTree;
      const done = await act(this.#table, this.#clock, this.#query, freezeLimitMs);
      if (frozen && !done) await continueTree(this.#table, this.#clock, this.#query, freezeLimitMs);
      return done;
    }
    const until = this.#clock.monotonic() + freezeLimitMs;
    while (isFrozen(group) !== frozen) {
      if (this.#clock.monotonic() >= until) {
        // Half frozen is worse than running: somebody may hold a lock that others wait for.
        if (frozen) setFrozen(group, false);
        return false;
      }
      await this.#clock.sleep(1);
    }
    return true;
  }
}
