import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  arch,
  availableParallelism,
  cpus,
  hostname,
  networkInterfaces,
  platform,
  release,
  totalmem,
} from 'node:os';
import type { Capability } from '@backlot/contract/capability';
import type { Inventory } from '@backlot/contract/link/messages';
import type { GpuCapacity } from '@backlot/contract/resources';
import { findExecutable } from '../sandbox/sandbox-system.ts';
import type { RunCommand } from '../workload.ts';
import { readDisk } from './load-sampler.ts';
import { gpuInventoryArguments, parseGpuInventory } from './nvidia.ts';

const mebibyte = 1024 * 1024;
const gibibyte = 1024 * mebibyte;

export interface InventoryParts {
  readonly dataDir: string;
  readonly capabilities: readonly Capability[];
  readonly labels: Readonly<Record<string, string>>;
  readonly gpus: Gpus;
}

/** What GPUs there are, and by what they can be watched. */
export interface Gpus {
  readonly gpus: readonly GpuCapacity[];
  readonly driverVersion: string | undefined;
  /** Path of `nvidia-smi`; nothing when there are none. */
  readonly program: string | undefined;
}

/** Looks for GPUs. None where `nvidia-smi` isn't there, fails, or hangs, as it does with a broken driver. */
export async function readGpus(run: RunCommand, searchPath = process.env.PATH ?? ''): Promise<Gpus> {
  const program = findExecutable(process.platform === 'win32' ? 'nvidia-smi.exe' : 'nvidia-smi', searchPath);
  const none: Gpus = { gpus: [], driverVersion: undefined, program: undefined };
  if (!program) return none;
  const result = await run([program, ...gpuInventoryArguments], { timeoutMs: 15_000 }).catch(() => undefined);
  if (result?.code !== 0) return none;
  const { gpus, driverVersion } = parseGpuInventory(result.stdout.toString('utf8'));
  return gpus.length === 0 ? none : { gpus, driverVersion, program };
}

/** All that is known about this machine, with a hash that changes when any of it does. */
export async function readInventory({
  dataDir,
  capabilities,
  labels,
  gpus,
}: InventoryParts): Promise<Inventory> {
  const disk = await readDisk(dataDir);
  const [first] = cpus();
  const distribution = readDistribution();
  const facts: Omit<Inventory, 'hash'> = {
    hostname: hostname(),
    os: { platform: platform(), release: release(), arch: arch(), ...(distribution ? { distribution } : {}) },
    cpu: {
      model: first?.model.trim() || 'unknown',
      cores: availableParallelism(),
      ...(first && first.speed > 0 ? { mhz: first.speed } : {}),
    },
    capacity: {
      cpu: availableParallelism(),
      memory: memoryToGive(totalmem(), process.constrainedMemory()),
      disk: diskToGive(disk.free),
      gpus: gpus.gpus.map((gpu) => ({ ...gpu })),
      packets: packetsToGive(capabilities),
    },
    capabilities: [...capabilities],
    labels: { ...labels },
    addresses: readAddresses(),
    ...(gpus.driverVersion === undefined ? {} : { driverVersion: gpus.driverVersion }),
  };
  return { hash: hashOf(facts), ...facts };
}

/**
 * Memory that work may be placed on, in bytes: what the machine (or the container around us) has, less an eighth, at
 * least 256 MiB and at most 2 GiB, for the system, the agent and the runners.
 */
export function memoryToGive(total: number, constrained: number | undefined): number {
  // Node says 0 or a number beyond all memory when nothing constrains it.
  const here = constrained && constrained > 0 && constrained < total ? constrained : total;
  const reserve = Math.min(2 * gibibyte, Math.max(256 * mebibyte, here / 8));
  return Math.max(0, Math.floor((here - reserve) / mebibyte) * mebibyte);
}

/** Media packets per second that work may be placed on: what the capabilities provide, so none without a media worker. */
export function packetsToGive(capabilities: readonly Capability[]): number {
  return capabilities.reduce((sum, { provides }) => sum + (provides?.packets ?? 0), 0);
}

/**
 * Disk that work may be placed on, in bytes: what is free, less 2 GiB for logs and the journal, a quarter where there is
 * little. Rounded, to 4 GiB at most, so that the inventory does not change with every file.
 */
export function diskToGive(free: number): number {
  const room = free - Math.min(2 * gibibyte, free / 4);
  if (room <= 0) return 0;
  const step = Math.min(4 * gibibyte, 2 ** Math.floor(Math.log2(room)) / 2);
  return Math.floor(room / step) * step;
}

/** Changes when anything does that placement or a page depends on. When something was proved doesn't matter. */
export function hashOf(facts: Omit<Inventory, 'hash'>): string {
  const capabilities = facts.capabilities.map(({ provedAt: _, ...rest }) => rest);
  return createHash('sha256')
    .update(JSON.stringify({ ...facts, capabilities }))
    .digest('hex')
    .slice(0, 32);
}

function readDistribution(): string | undefined {
  try {
    return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/** Addresses by which other machines may reach this one, IPv4 first. Link-local ones reach nobody. */
function readAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(
      ({ internal, address }) => !internal && !address.startsWith('fe80:') && !address.startsWith('169.254.'),
    )
    .sort((a, b) => a.family.localeCompare(b.family))
    .map(({ address }) => address);
}
