import { readFileSync } from 'node:fs';

/** CPU time and memory of processes, from the kernel; Linux only. */
export interface Usage {
  readonly cpuMs: number;
  /** Memory that is only theirs: private clean and dirty pages. Bytes. */
  readonly privateBytes: number;
  readonly residentBytes: number;
}

const tickMs = 10;

export function usageOf(pids: readonly number[]): Usage {
  let cpuMs = 0;
  let privateBytes = 0;
  let residentBytes = 0;
  for (const pid of pids) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      cpuMs += (Number(fields[11]) + Number(fields[12])) * tickMs;
      const memory = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      const kb = (name: string) =>
        Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(memory)?.[1] ?? 0) * 1_024;
      privateBytes += kb('Private_Clean') + kb('Private_Dirty');
      residentBytes += kb('Rss');
    } catch {
      // It has ended; whoever looks after it notices.
    }
  }
  return { cpuMs, privateBytes, residentBytes };
}
