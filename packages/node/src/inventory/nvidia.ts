import type { GpuCapacity } from '@backlot/contract/resources';

/** Fields of `nvidia-smi --query-gpu`, in the order in which the parsers below read them. */
const inventoryFields = ['index', 'uuid', 'name', 'memory.total', 'driver_version'] as const;
const loadFields = [
  'index',
  'utilization.gpu',
  'memory.used',
  'memory.total',
  'encoder.stats.sessionCount',
  'temperature.gpu',
] as const;

const query = (fields: readonly string[]) => [
  `--query-gpu=${fields.join(',')}`,
  '--format=csv,noheader,nounits',
];
/** Arguments for one look at what GPUs there are. */
export const gpuInventoryArguments = query(inventoryFields);
/** Arguments for a process that prints the load of all GPUs again and again, every `intervalMs`. */
export const gpuLoadArguments = (intervalMs: number) => [
  ...query(loadFields),
  `--loop-ms=${Math.round(intervalMs)}`,
];

/** Load of one GPU, in the units of the link. */
export interface GpuLoad {
  readonly index: number;
  /** 0..1 */
  readonly utilization: number;
  readonly vramUsed: number;
  readonly vramTotal: number;
  readonly encoderSessions: number;
  /** Degrees Celsius. */
  readonly temperature?: number;
}

const mebibyte = 1024 * 1024;

/** Reads what `nvidia-smi` printed for the inventory query. Lines that aren't a GPU (warnings, errors) are left out. */
export function parseGpuInventory(output: string): {
  gpus: GpuCapacity[];
  driverVersion: string | undefined;
} {
  const gpus: GpuCapacity[] = [];
  let driverVersion: string | undefined;
  for (const line of output.split('\n')) {
    // A name could hold a comma; the fields around it can't.
    const cells = line.split(',').map((cell) => cell.trim());
    const index = wholeNumber(cells[0]);
    const vram = wholeNumber(cells.at(-2));
    if (cells.length < inventoryFields.length || index === undefined) continue;
    const name = cells.slice(2, -2).join(', ');
    driverVersion ??= cells.at(-1);
    gpus.push({
      index,
      ...(cells[1]?.startsWith('GPU-') ? { uuid: cells[1] } : {}),
      name,
      // Machines that share memory between CPU and GPU print [N/A]; what can't be counted can't be promised.
      vram: (vram ?? 0) * mebibyte,
      encoderSessions: encoderSessionsOf(name),
    });
  }
  return { gpus, driverVersion };
}

/** Reads one line of the load query; nothing when it isn't one. What a GPU doesn't measure is 0. */
export function parseGpuLoad(line: string): GpuLoad | undefined {
  const cells = line.split(',').map((cell) => cell.trim());
  const index = wholeNumber(cells[0]);
  if (cells.length !== loadFields.length || index === undefined) return undefined;
  const temperature = wholeNumber(cells[5]);
  return {
    index,
    utilization: Math.min(1, (wholeNumber(cells[1]) ?? 0) / 100),
    vramUsed: (wholeNumber(cells[2]) ?? 0) * mebibyte,
    vramTotal: (wholeNumber(cells[3]) ?? 0) * mebibyte,
    encoderSessions: wholeNumber(cells[4]) ?? 0,
    ...(temperature === undefined ? {} : { temperature }),
  };
}

/**
 * How many encoder sessions a GPU may run at the same time, which the driver enforces but does not tell. NVIDIA's video
 * encode and decode support matrix: consumer cards 8 since driver 550, professional and server cards as many as fit,
 * and the compute cards (A100, A30, H100, H200, B100 …) have no encoder at all. `ffmpeg` proves it; this is for counting.
 */
export function encoderSessionsOf(name: string): number {
  if (/\b(A100|A30|A800|H100|H200|H800|H20|GH200|B100|B200|GB200|B300|GB300|V100|P100|MI\d+)\b/i.test(name))
    return 0;
  if (/GeForce|TITAN/i.test(name)) return 8;
  return 32;
}

/** A non-negative whole number; `[N/A]`, `[Not Supported]` and anything else is nothing. */
function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
