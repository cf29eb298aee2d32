import { readdirSync, readFileSync } from 'node:fs';

/** One process as `/proc` shows it. */
export interface ProcessLine {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/**
 * All living processes whose command line, environment or working folder names `mark` (a data directory). That is
 * how tests find what a studio started, also what has lost its parent. Zombies are not counted: they hold nothing.
 */
export function processesOf(mark: string): ProcessLine[] {
  const found: ProcessLine[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (rest[0] === 'Z') continue;
      const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
      if (command.includes(mark) || environment.includes(mark)) {
        found.push({ pid, parent: Number(rest[1]), command });
      }
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** Whether a process lives; a zombie doesn't. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch {
    return false;
  }
}
