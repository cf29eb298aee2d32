import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import type { ControlGroupRef } from '@backlot/contract/runner/files';

/**
 * The control group of one allocation: where each thing is done. Plain JSON, it travels in the launch file and in the
 * agent's journal. On a machine without control groups no place is there, and every function below does nothing.
 */
export type ControlGroup = Readonly<ControlGroupRef>;

/** One folder of a hierarchy. */
export type GroupPlace = NonNullable<ControlGroup['memory']>;

/** What the kernel counted for a group. Missing is what this machine doesn't count. */
export interface GroupUsage {
  /** Bytes in use that can't be given back by dropping caches: anonymous and shared memory. */
  readonly memory?: number;
  /** Greatest charge ever, caches included; an upper bound of what was needed. */
  readonly peak?: number;
  readonly cpuMs?: number;
  /** How many processes of the group the kernel has killed because the group was out of memory. */
  readonly oomKills?: number;
}

/** All folders of a group, each once. */
export function placesOf(group: ControlGroup): GroupPlace[] {
  const places = [group.memory, group.cpu, group.cpuTime, group.pids, group.freezer].filter(
    (place) => place !== undefined,
  );
  return [...new Map(places.map((place) => [place.path, place])).values()];
}

/** The files to which a process writes `0` to join the group by itself. */
export function joinFiles(group: ControlGroup): string[] {
  return placesOf(group).map(({ path }) => `${path}/cgroup.procs`);
}

/** Pids that are in the group now; from any of its folders, since a process joins all of them. */
export function membersOf(group: ControlGroup): number[] {
  const place = group.pids ?? group.freezer ?? placesOf(group)[0];
  const text = place && read(`${place.path}/cgroup.procs`);
  return text ? text.split('\n').filter(Boolean).map(Number) : [];
}

export function usageOf(group: ControlGroup): GroupUsage {
  const { memory, cpuTime } = group;
  const usage: { -readonly [K in keyof GroupUsage]: number } = {};
  if (memory) {
    const stat = read(`${memory.path}/memory.stat`) ?? '';
    const used =
      memory.version === 2
        ? sum(keyed(stat, 'anon'), keyed(stat, 'shmem'), keyed(stat, 'kernel'))
        : sum(keyed(stat, 'total_rss'), keyed(stat, 'total_shmem'));
    const peak = number(
      read(`${memory.path}/${memory.version === 2 ? 'memory.peak' : 'memory.max_usage_in_bytes'}`),
    );
    const kills = keyed(
      read(`${memory.path}/${memory.version === 2 ? 'memory.events' : 'memory.oom_control'}`) ?? '',
      'oom_kill',
    );
    if (used !== undefined) usage.memory = used;
    if (peak !== undefined) usage.peak = peak;
    if (kills !== undefined) usage.oomKills = kills;
  }
  if (cpuTime) {
    const ms =
      cpuTime.version === 2
        ? scale(keyed(read(`${cpuTime.path}/cpu.stat`) ?? '', 'usage_usec'), 1_000)
        : scale(number(read(`${cpuTime.path}/cpuacct.usage`)), 1_000_000);
    if (ms !== undefined) usage.cpuMs = ms;
  }
  return usage;
}

/** Asks the kernel to freeze or thaw the group. It takes a moment: see `isFrozen`. False without a freezer. */
export function setFrozen(group: ControlGroup, frozen: boolean): boolean {
  const { freezer } = group;
  if (!freezer) return false;
  return freezer.version === 2
    ? write(`${freezer.path}/cgroup.freeze`, frozen ? '1' : '0')
    : write(`${freezer.path}/freezer.state`, frozen ? 'FROZEN' : 'THAWED');
}

/** Whether every process of the group stands still, read back from the kernel. */
export function isFrozen(group: ControlGroup): boolean {
  const { freezer } = group;
  if (!freezer) return false;
  return freezer.version === 2
    ? keyed(read(`${freezer.path}/cgroup.events`) ?? '', 'frozen') === 1
    : read(`${freezer.path}/freezer.state`)?.trim() === 'FROZEN';
}

/** Kills everything in the group at once (`cgroup.kill`, Linux 5.14). False where the kernel can't. */
export function killGroup(group: ControlGroup): boolean {
  const place = placesOf(group).find(({ version }) => version === 2);
  return place !== undefined && write(`${place.path}/cgroup.kill`, '1');
}

/**
 * Makes one folder of a hierarchy, if it isn't there. Not with its parents: those are given, and Node's recursive mkdir
 * never returns where the kernel answers "no such file" for a folder whose parent is there (seen in /proc).
 */
export function makeGroupFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Removes the group's folders. False while a process is left in one of them. */
export function removeGroup(group: ControlGroup): boolean {
  let removed = true;
  for (const { path } of placesOf(group)) {
    try {
      rmdirSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') removed = false;
    }
  }
  return removed;
}

/** Control files answer from the kernel's memory, so reading them synchronously is quicker than a thread pool. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

/** Whether the kernel took the value. */
export function write(path: string, value: string): boolean {
  try {
    writeFileSync(path, value);
    return true;
  } catch {
    return false;
  }
}

/** `key value` on a line of its own. */
function keyed(text: string, key: string): number | undefined {
  return number(new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1]);
}

function number(text: string | undefined): number | undefined {
  const value = text === undefined ? Number.NaN : Number(text.trim());
  return Number.isFinite(value) ? value : undefined;
}

function sum(...values: (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0);
}

function scale(value: number | undefined, divisor: number): number | undefined {
  return value === undefined ? undefined : Math.round(value / divisor);
}
