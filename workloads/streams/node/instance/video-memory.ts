import type { Clock } from '@backlot/contract/clock';
import type { RunCommand } from '@backlot/node/workload';

const mebibyte = 1024 * 1024;
const timeoutMs = 10_000;
/** How long a look is good for everyone. */
const sharedMs = 2_500;

/**
 * Reads one look of `nvidia-smi pmon -s m` (video memory by process): columns are found by the names above them, which
 * differ between drivers. Bytes by pid; a process on two GPUs counts both. What isn't measured is left out.
 */
export function parseProcessMonitor(output: string): ReadonlyMap<number, number> {
  const used = new Map<number, number>();
  let columns: string[] = [];
  for (const line of output.split('\n')) {
    const cells = line.replace(/^#/, ' ').trim().split(/\s+/);
    if (line.startsWith('#')) {
      if (cells.includes('pid')) columns = cells;
      continue;
    }
    const pid = Number(cells[columns.indexOf('pid')]);
    const megabytes = Number(cells[columns.indexOf('fb')]);
    if (!Number.isInteger(pid) || !Number.isFinite(megabytes)) continue;
    used.set(pid, (used.get(pid) ?? 0) + megabytes * mebibyte);
  }
  return used;
}

/**
 * Looks at the GPUs for all instances of a machine: each look takes a second and tells of all processes, so those that come
 * while one is under way, or soon after it, share it.
 */
export class VideoMemory {
  #look: { readonly at: number; readonly used: Promise<ReadonlyMap<number, number> | undefined> } | undefined;

  /** Video memory of these processes together; null where it can't be measured. */
  async of(run: RunCommand, clock: Clock, pids: readonly number[]): Promise<number | null> {
    const now = clock.monotonic();
    if (!this.#look || now - this.#look.at > sharedMs) this.#look = { at: now, used: look(run) };
    const used = await this.#look.used;
    return used ? pids.reduce((sum, pid) => sum + (used.get(pid) ?? 0), 0) : null;
  }
}

/** `pmon` also sees processes that only draw, which `--query-compute-apps` does not. */
async function look(run: RunCommand): Promise<ReadonlyMap<number, number> | undefined> {
  const result = await run(['nvidia-smi', 'pmon', '-s', 'm', '-c', '1'], { timeoutMs }).catch(
    () => undefined,
  );
  return result?.code === 0 ? parseProcessMonitor(result.stdout.toString('utf8')) : undefined;
}
