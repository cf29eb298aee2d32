import type { RunCommand } from '@backlot/node/workload';

const mebibyte = 1024 * 1024;
const timeoutMs = 10_000;

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

/** Video memory of these processes together; null where it can't be measured. `pmon` also sees those that only draw. */
export async function videoMemory(run: RunCommand, pids: readonly number[]): Promise<number | null> {
  const result = await run(['nvidia-smi', 'pmon', '-s', 'm', '-c', '1'], { timeoutMs }).catch(
    () => undefined,
  );
  if (result?.code !== 0) return null;
  const used = parseProcessMonitor(result.stdout.toString('utf8'));
  return pids.reduce((sum, pid) => sum + (used.get(pid) ?? 0), 0);
}
