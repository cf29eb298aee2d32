import { readdirSync, readFileSync } from 'node:fs';
import type { ProcessEntry, ProcessIdentity } from './identity.ts';
import type { ProcessTable, TreeSignal } from './process-table.ts';

/**
 * procfs counts time in units of `USER_HZ`, which is 100 on every architecture that Node runs on (the kernel's
 * own tick rate is hidden from user space; time(7)).
 */
const clockTickMs = 10;

/** One read of procfs. It is synchronous on purpose: procfs answers from memory, a thread pool would only add delay. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

/**
 * Reads one line of `/proc/<pid>/stat` (proc(5)). The command stands in parentheses and may itself hold
 * parentheses, spaces and line feeds, so the fields are counted from the last `)`.
 */
export function parseStat(stat: string, bootId: string, pageSize = 4096): ProcessEntry | undefined {
  const open = stat.indexOf('(');
  const close = stat.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const pid = Number.parseInt(stat, 10);
  // fields[0] is field 3 of the manual page.
  const fields = stat
    .slice(close + 2)
    .trim()
    .split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  const state = fields[0] ?? '';
  const start = fields[19];
  if (!Number.isInteger(pid) || start === undefined) return undefined;
  return {
    pid,
    start: `${bootId}:${start}`,
    parent: field(4),
    group: field(5),
    session: field(6),
    state: state === 'Z' || state === 'X' || state === 'x' ? 'zombie' : state === 'T' ? 'stopped' : 'running',
    command: stat.slice(open + 1, close),
    cpuMs: (field(14) + field(15)) * clockTickMs,
    memory: field(24) * pageSize,
  };
}

/** The process table of Linux, read from procfs. */
export class LinuxProcessTable implements ProcessTable {
  readonly readsEnvironments = true;
  readonly stopsProcesses = true;
  readonly #root: string;
  readonly #bootId: string;

  constructor(root = '/proc') {
    this.#root = root;
    // Start times are counted from the boot, so one alone could fit another process after a restart of the machine.
    this.#bootId = read(`${root}/sys/kernel/random/boot_id`)?.trim().slice(0, 8) ?? 'unknown';
  }

  async find(pid: number): Promise<ProcessEntry | undefined> {
    return this.findNow(pid);
  }

  /** As `find`, at once. */
  findNow(pid: number): ProcessEntry | undefined {
    const stat = read(`${this.#root}/${pid}/stat`);
    const entry = stat === undefined ? undefined : parseStat(stat, this.#bootId);
    return entry?.state === 'zombie' ? undefined : entry;
  }

  async list(): Promise<ProcessEntry[]> {
    const entries: ProcessEntry[] = [];
    for (const name of readdirSync(this.#root)) {
      const first = name.charCodeAt(0);
      if (first < 48 || first > 57) continue;
      const stat = read(`${this.#root}/${name}/stat`);
      const entry = stat === undefined ? undefined : parseStat(stat, this.#bootId);
      if (entry) entries.push(entry);
    }
    return entries;
  }

  async withMark(entries: readonly ProcessEntry[], name: string, value: string): Promise<ProcessEntry[]> {
    const wanted = `\0${name}=${value}\0`;
    return entries.filter((entry) => this.#environ(entry)?.includes(wanted));
  }

  async environment(identity: ProcessIdentity, name: string): Promise<string | undefined> {
    const environ = this.#environ(identity);
    if (environ === undefined) return undefined;
    const at = environ.indexOf(`\0${name}=`);
    if (at < 0) return undefined;
    const from = at + name.length + 2;
    return Buffer.from(environ.slice(from, environ.indexOf('\0', from)), 'latin1').toString('utf8');
  }

  async signal(identity: ProcessIdentity, signal: TreeSignal): Promise<boolean> {
    // A process could end and its pid be given away between these two steps. Pids are handed out in a circle, so
    // that would take a whole turn of the pid space within microseconds; the kernel's pidfd isn't reachable from Node.
    if (this.findNow(identity.pid)?.start !== identity.start) return false;
    return sendSignal(identity.pid, signal);
  }

  /** The environment with a NUL before and after each variable; nothing for kernel threads and foreign users. */
  #environ(identity: ProcessIdentity): string | undefined {
    const environ = read(`${this.#root}/${identity.pid}/environ`);
    return environ ? `\0${environ}\0` : undefined;
  }
}

/** `kill(2)` that answers false when there is no such process, or when it isn't ours to signal. */
export function sendSignal(pid: number, signal: TreeSignal): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ESRCH' || code === 'EPERM') return false;
    throw error;
  }
}
