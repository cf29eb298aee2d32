import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal for the same process only. On Linux the boot's id and the start in clock ticks since then. */
  readonly startedAt: string;
}

/**
 * Start time of a process, or undefined when no such process lives. Field 22 of `/proc/<pid>/stat`
 * (proc_pid_stat(5)); the command name in field 2 may hold spaces and brackets, so the fields are counted
 * from the last closing bracket. Elsewhere `ps` answers with a resolution of one second.
 */
export function processStartTime(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // A zombie holds no memory, file or socket: for every question asked here it is dead.
      if (fields[0] === 'Z' || fields[0] === 'X' || fields[19] === undefined) return undefined;
      return `${bootId()}:${fields[19]}`;
    } catch {
      return undefined;
    }
  }
  if (process.platform === 'win32') return isSignalable(pid) ? 'unknown' : undefined;
  const ps = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', timeout: 2_000 });
  return ps.stdout?.trim() || undefined;
}

let boot: string | undefined;

/** Services get the same number at nearly the same tick after every boot, so the boot is part of an identity. */
function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  return boot;
}

/** True while the very process that was identified (not a successor with its number) lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  return processStartTime(identity.pid) === identity.startedAt;
}

/** The identity of this process. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startedAt: processStartTime(process.pid) ?? 'unknown' };
}

/**
 * Every PostgreSQL process (postmaster and backends) that works in a data directory. PostgreSQL changes into
 * its data directory at start and never leaves it, so the working directory proves whose process it is.
 * Linux only; elsewhere the answer is empty and PostgreSQL's own lock file has to do.
 */
export function postgresProcessesIn(dataDirectory: string): ProcessIdentity[] {
  if (process.platform !== 'linux') return [];
  const found: ProcessIdentity[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      if (readlinkSync(`/proc/${entry}/cwd`) !== dataDirectory) continue;
      if (!basename(readlinkSync(`/proc/${entry}/exe`)).startsWith('postgres')) continue;
    } catch {
      continue; // it ended, or it belongs to somebody else: then it is not one of ours
    }
    const pid = Number(entry);
    const startedAt = processStartTime(pid);
    if (startedAt !== undefined) found.push({ pid, startedAt });
  }
  return found;
}

/** Sends a signal to the identified process unless it is gone or replaced. Returns whether it was sent. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch {
    return false;
  }
}

function isSignalable(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
