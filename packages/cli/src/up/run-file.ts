import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '@backlot/contract/clock';
import { RunFile } from '@backlot/contract/supervision';
import { ownIdentity, processStartTime } from '@backlot/control/db/embedded/process-table';

/** Keeps `<data dir>/run/up.json` true for as long as we run. */
export class RunRecord {
  readonly path: string;
  #value: RunFile;

  constructor(path: string) {
    this.path = path;
    this.#value = { ...ownIdentity(), url: null, control: null, agent: null, postgres: null };
    mkdirSync(dirname(path), { recursive: true });
    this.#write();
  }

  set(
    change: { readonly url?: string } & Partial<Record<'control' | 'agent' | 'postgres', number | undefined>>,
  ): void {
    const { url, ...parts } = change;
    const pids = Object.fromEntries(
      Object.entries(parts).map(([name, pid]) => [
        name,
        pid === undefined ? null : { pid, startedAt: processStartTime(pid) ?? 'unknown' },
      ]),
    );
    this.#value = { ...this.#value, ...(url === undefined ? {} : { url }), ...pids };
    this.#write();
  }

  close(): void {
    rmSync(this.path, { force: true });
  }

  #write(): void {
    const draft = `${this.path}.draft`;
    writeFileSync(draft, `${JSON.stringify(this.#value, null, 2)}\n`);
    renameSync(draft, this.path);
  }
}

/** What an earlier run left in the file; undefined when there is none, or none that can be read. */
export function readRunFile(path: string): RunFile | undefined {
  try {
    return RunFile.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

/**
 * Ends the parts that a killed run left behind, so that two control planes never share a port, nor two agents a
 * journal. They notice that their supervisor has died and end by themselves; only who does not is killed. What
 * an agent runs is not touched: the next one takes it over.
 */
export async function endLeftovers(
  left: RunFile,
  clock: Clock,
  graceMs = 4000,
): Promise<readonly ('control' | 'agent')[]> {
  const ended: ('control' | 'agent')[] = [];
  for (const name of ['agent', 'control'] as const) {
    const part = left[name];
    const lives = () => part !== null && processStartTime(part.pid) === part.startedAt;
    if (!part || !lives()) continue;
    ended.push(name);
    const deadline = clock.monotonic() + graceMs;
    while (lives() && clock.monotonic() < deadline) await clock.sleep(50);
    if (!lives()) continue;
    process.kill(part.pid, 'SIGKILL');
    while (lives()) await clock.sleep(20);
  }
  return ended;
}
