import { cpus } from 'node:os';
import type { LinuxCounters } from './linux-load.ts';

/**
 * The same counters on Windows and macOS. CPU times come from Node; memory and network from systeminformation, which is
 * loaded only there.
 */
export async function readPortableCounters(): Promise<LinuxCounters> {
  const { mem, networkStats } = await import('systeminformation');
  const [memory, interfaces] = await Promise.all([mem(), networkStats('*')]);
  let busy = 0;
  let total = 0;
  for (const { times } of cpus()) {
    const working = times.user + times.nice + times.sys + times.irq;
    busy += working;
    total += working + times.idle;
  }
  return {
    cpuBusy: busy,
    cpuTotal: total,
    memoryTotal: memory.total,
    memoryAvailable: memory.available,
    networkIn: interfaces.reduce((sum, { rx_bytes }) => sum + rx_bytes, 0),
    networkOut: interfaces.reduce((sum, { tx_bytes }) => sum + tx_bytes, 0),
  };
}
