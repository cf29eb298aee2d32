import { readFileSync } from 'node:fs';

/** Counters since the boot, as procfs has them. */
export interface LinuxCounters {
  /** CPU time in ticks, all cores together. */
  readonly cpuBusy: number;
  readonly cpuTotal: number;
  /** Bytes. */
  readonly memoryTotal: number;
  readonly memoryAvailable: number;
  readonly networkIn: number;
  readonly networkOut: number;
}

/**
 * First line of `/proc/stat` (proc(5)): user nice system idle iowait irq softirq steal guest guest_nice. Waiting for a
 * disk is idle; time stolen by other machines on the same host is busy, because it can't be had.
 */
export function parseCpu(stat: string): { busy: number; total: number } {
  const fields = (stat.split('\n')[0] ?? '').trim().split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = fields;
  // guest and guest_nice are contained in user and nice already.
  const busy = user + nice + system + irq + softirq + steal;
  return { busy, total: busy + idle + iowait };
}

/** `/proc/meminfo`, in bytes. */
export function parseMemory(meminfo: string): { total: number; available: number } {
  const value = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(meminfo)?.[1] ?? 0) * 1024;
  return { total: value('MemTotal'), available: value('MemAvailable') };
}

/**
 * `/proc/net/dev`: bytes in and out of all interfaces but those inside the machine, whose traffic would count twice
 * or isn't any: loopback, bridges and the pairs of containers.
 */
export function parseNetwork(dev: string): { received: number; sent: number } {
  let received = 0;
  let sent = 0;
  for (const line of dev.split('\n')) {
    const match = /^\s*([^:\s]+):\s*(.*)$/.exec(line);
    if (!match) continue;
    const [, name = '', rest = ''] = match;
    if (/^(lo|ifb\d*|docker\d*|br-|veth|virbr|cni|flannel|dummy|tun|tap)/.test(name)) continue;
    const fields = rest.trim().split(/\s+/).map(Number);
    received += fields[0] ?? 0;
    sent += fields[8] ?? 0;
  }
  return { received, sent };
}

/** Three small reads from the kernel's memory: cheap enough to be done every few seconds for ever. */
export function readLinuxCounters(): LinuxCounters {
  const cpu = parseCpu(readFileSync('/proc/stat', 'latin1'));
  const memory = parseMemory(readFileSync('/proc/meminfo', 'latin1'));
  const network = parseNetwork(readFileSync('/proc/net/dev', 'latin1'));
  return {
    cpuBusy: cpu.busy,
    cpuTotal: cpu.total,
    memoryTotal: memory.total,
    memoryAvailable: memory.available,
    networkIn: network.received,
    networkOut: network.sent,
  };
}
