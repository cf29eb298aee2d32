import type { ControlGroup } from './control-group.ts';

/** What an allocation may use at most. Missing means: as much as there is. */
export interface LimitRequest {
  /** Bytes, with the caches that it fills. The kernel kills in the group when that much is really needed. */
  readonly memory?: number;
  /** Cores; fractions are allowed. A hard ceiling. */
  readonly cpu?: number;
  /** Share of a busy machine, 1..10000; 100 is usual. Batch work gets less than what somebody watches. */
  readonly cpuWeight?: number;
  /** Processes and threads together. */
  readonly pids?: number;
}

/** One control file and what to write to it. */
export interface LimitSetting {
  readonly file: string;
  readonly value: string;
  /** Files that not every kernel has; failing to write them is no fault. */
  readonly optional: boolean;
}

/** The period in which CPU quotas are counted, in microseconds; the kernel's default. */
const cpuPeriodUs = 100_000;
/** The smallest quota the kernel takes, in microseconds. */
const leastQuotaUs = 1_000;

/** Control files to write for a request, in order. Pure: what each kernel version calls what we want. */
export function limitSettings(group: ControlGroup, request: LimitRequest): LimitSetting[] {
  const settings: LimitSetting[] = [];
  const add = (file: string, value: string | number, optional = false) =>
    settings.push({ file, value: String(value), optional });

  const { memory, cpu, pids } = group;
  if (memory && request.memory !== undefined) {
    const bytes = Math.max(1, Math.floor(request.memory));
    if (memory.version === 2) {
      add(`${memory.path}/memory.max`, bytes);
      // Swapping would turn "out of memory", which is retried with more, into a stall, which isn't.
      add(`${memory.path}/memory.swap.max`, 0, true);
      // All or nothing: half a render is of no use to anybody.
      add(`${memory.path}/memory.oom.group`, 1, true);
    } else {
      add(`${memory.path}/memory.limit_in_bytes`, bytes);
      add(`${memory.path}/memory.swappiness`, 0, true);
      add(`${memory.path}/memory.memsw.limit_in_bytes`, bytes, true);
    }
  }
  if (cpu && request.cpu !== undefined) {
    const quota = Math.max(leastQuotaUs, Math.round(request.cpu * cpuPeriodUs));
    if (cpu.version === 2) add(`${cpu.path}/cpu.max`, `${quota} ${cpuPeriodUs}`);
    else {
      add(`${cpu.path}/cpu.cfs_period_us`, cpuPeriodUs);
      add(`${cpu.path}/cpu.cfs_quota_us`, quota);
    }
  }
  if (cpu && request.cpuWeight !== undefined) {
    const weight = Math.min(10_000, Math.max(1, Math.round(request.cpuWeight)));
    if (cpu.version === 2) add(`${cpu.path}/cpu.weight`, weight);
    // Version 1 counts in shares, of which 1024 are usual.
    else add(`${cpu.path}/cpu.shares`, Math.max(2, Math.round((weight * 1024) / 100)));
  }
  if (pids && request.pids !== undefined) add(`${pids.path}/pids.max`, Math.max(1, Math.floor(request.pids)));
  return settings;
}
