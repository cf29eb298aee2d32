import { statfs } from 'node:fs/promises';
import type { Clock } from '@backlot/contract/clock';
import type { NodeLoad } from '@backlot/contract/link/messages';
import type { GpuMonitor } from './gpu-monitor.ts';
import { type LinuxCounters, readLinuxCounters } from './linux-load.ts';
import { readPortableCounters } from './portable-load.ts';

export interface LoadSamplerOptions {
  readonly clock: Clock;
  /** The node's data directory: its disk is the one that counts. */
  readonly dataDir: string;
  readonly gpus?: GpuMonitor;
  /** Where the counters come from; the platform's own unless told. */
  readonly counters?: () => Promise<LinuxCounters>;
}

/** Measures the load of this machine. Rates are over the time since the look before; the first look has none. */
export class LoadSampler {
  readonly #options: LoadSamplerOptions;
  readonly #counters: () => Promise<LinuxCounters>;
  #before: { counters: LinuxCounters; at: number } | undefined;

  constructor(options: LoadSamplerOptions) {
    this.#options = options;
    const linux = async () => readLinuxCounters();
    this.#counters = options.counters ?? (process.platform === 'linux' ? linux : readPortableCounters);
  }

  async sample(): Promise<NodeLoad> {
    const { clock, dataDir, gpus } = this.#options;
    const [counters, disk] = await Promise.all([this.#counters(), readDisk(dataDir)]);
    const at = clock.monotonic();
    const load = loadBetween(this.#before, { counters, at });
    this.#before = { counters, at };
    return {
      at: new Date(clock.now()).toISOString(),
      ...load,
      diskUsed: disk.total - disk.free,
      diskTotal: disk.total,
      gpus: (gpus?.loads() ?? []).map((gpu) => ({ ...gpu })),
    };
  }
}

/** The load between two looks. Counters that went backwards (an interface was removed) give no rate. */
export function loadBetween(
  before: { readonly counters: LinuxCounters; readonly at: number } | undefined,
  after: { readonly counters: LinuxCounters; readonly at: number },
): Pick<NodeLoad, 'cpu' | 'memoryUsed' | 'memoryTotal' | 'networkIn' | 'networkOut'> {
  const { counters } = after;
  const since = (name: keyof LinuxCounters) =>
    Math.max(0, counters[name] - (before?.counters[name] ?? counters[name]));
  const seconds = before ? (after.at - before.at) / 1000 : 0;
  const total = since('cpuTotal');
  return {
    cpu: total > 0 ? Math.min(1, since('cpuBusy') / total) : 0,
    memoryUsed: Math.max(0, counters.memoryTotal - counters.memoryAvailable),
    memoryTotal: counters.memoryTotal,
    networkIn: seconds > 0 ? Math.round(since('networkIn') / seconds) : 0,
    networkOut: seconds > 0 ? Math.round(since('networkOut') / seconds) : 0,
  };
}

/** Bytes of the file system that holds a folder. What is kept back for root doesn't count as free. */
export async function readDisk(folder: string): Promise<{ total: number; free: number }> {
  const { blocks, bavail, bsize } = await statfs(folder);
  return { total: blocks * bsize, free: bavail * bsize };
}
