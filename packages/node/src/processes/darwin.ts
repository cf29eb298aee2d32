import { execFile } from 'node:child_process';
import type { ProcessEntry, ProcessIdentity } from './identity.ts';
import { sendSignal } from './linux.ts';
import type { ProcessTable, TreeSignal } from './process-table.ts';

const columns = 'pid=,ppid=,pgid=,stat=,time=,rss=,lstart=,comm=';

/** `[[dd-]hh:]mm:ss.cc` as ps prints CPU time, in milliseconds. */
export function parseCpuTime(text: string): number {
  const [rest = '', days] = text.includes('-') ? [text.split('-')[1], text.split('-')[0]] : [text, '0'];
  const seconds = rest.split(':').reduce((sum, part) => sum * 60 + (Number.parseFloat(part) || 0), 0);
  return Math.round((Number(days) * 86_400 + seconds) * 1000);
}

/**
 * One line of `ps -o` with the columns above. `lstart` is five words ("Sat Nov 21 01:20:33 2026"); its resolution of
 * one second is enough, because macOS does not hand out a pid again that soon.
 */
export function parsePsLine(line: string): ProcessEntry | undefined {
  const match =
    /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+([\d:.-]+)\s+(\d+)\s+(\S+\s+\S+\s+\S+\s+[\d:]+\s+\d+)\s+(.*)$/.exec(
      line,
    );
  if (!match) return undefined;
  const [, pid = '', parent = '', group = '', stat = '', time = '', rss = '', start = '', command = ''] =
    match;
  return {
    pid: Number(pid),
    start: start.replace(/\s+/g, ' '),
    parent: Number(parent),
    group: Number(group),
    session: 0,
    state: stat.startsWith('Z') ? 'zombie' : stat.startsWith('T') ? 'stopped' : 'running',
    command: command.trim(),
    cpuMs: parseCpuTime(time),
    memory: Number(rss) * 1024,
  };
}

/** The process table of macOS, read from `ps`, which is part of the system. */
export class DarwinProcessTable implements ProcessTable {
  readonly readsEnvironments = true;
  readonly stopsProcesses = true;

  async find(pid: number): Promise<ProcessEntry | undefined> {
    const entry = (await this.#ps(['-p', String(pid), '-o', columns])).at(0);
    return entry?.state === 'zombie' ? undefined : entry;
  }

  list(): Promise<ProcessEntry[]> {
    return this.#ps(['-A', '-o', columns]);
  }

  async withMark(entries: readonly ProcessEntry[], name: string, value: string): Promise<ProcessEntry[]> {
    const environments = await this.#environments();
    return entries.filter((entry) => ` ${environments.get(entry.pid) ?? ''} `.includes(` ${name}=${value} `));
  }

  async environment(identity: ProcessIdentity, name: string): Promise<string | undefined> {
    const line = (await this.#environments()).get(identity.pid);
    // ps joins variables by spaces, so only values without spaces can be read back; our marks are such.
    return line === undefined ? undefined : new RegExp(`(?:^| )${name}=(\\S*)`).exec(line)?.[1];
  }

  async signal(identity: ProcessIdentity, signal: TreeSignal): Promise<boolean> {
    if ((await this.find(identity.pid))?.start !== identity.start) return false;
    return sendSignal(identity.pid, signal);
  }

  async #ps(argv: readonly string[]): Promise<ProcessEntry[]> {
    const lines = (await runPs(argv)).split('\n');
    return lines.map(parsePsLine).filter((entry) => entry !== undefined);
  }

  /** Command lines with environments (`-E`) by pid; those of other users come without. */
  async #environments(): Promise<Map<number, string>> {
    const output = await runPs(['-A', '-E', '-ww', '-o', 'pid=,command=']);
    const found = new Map<number, string>();
    for (const line of output.split('\n')) {
      const match = /^\s*(\d+)\s+(.*)$/.exec(line);
      if (match) found.set(Number(match[1]), match[2] ?? '');
    }
    return found;
  }
}

/** Runs ps for at most five seconds. No matching process makes it exit with 1, which here means "not there". */
function runPs(argv: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const options = {
      timeout: 5_000,
      maxBuffer: 32 * 1024 * 1024,
      env: { LC_ALL: 'C', PATH: '/bin:/usr/bin' },
    };
    execFile('ps', [...argv], options, (_error, stdout) => resolve(stdout));
  });
}
