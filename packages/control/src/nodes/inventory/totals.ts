import type { Capacity } from '@backlot/contract';

/** What a node's open allocations hold. */
export interface Used {
  readonly cpu: number;
  readonly memory: number;
  readonly disk: number;
  readonly packets: number;
  readonly gpus: readonly {
    readonly index: number;
    readonly name: string;
    readonly vram: number;
    readonly encoderSessions: number;
  }[];
}

/** Totals as the database is to hold them. */
export interface Totals {
  readonly cpu: number;
  readonly memory: number;
  readonly disk: number;
  readonly packets: number;
  readonly gpus: readonly {
    readonly index: number;
    readonly name: string;
    readonly vram: number;
    readonly encoderSessions: number;
  }[];
  /** Names of what is held beyond what the machine has now: nothing more of it is given out until it is freed. */
  readonly short: readonly string[];
}

/**
 * What can be given out on a machine that says it has `capacity` while `used` is held there. A machine can shrink (a
 * GPU fails, memory is taken out); what is held stays held, so the totals follow only as it is freed.
 */
export function totalsFor(capacity: Capacity, used: Used): Totals {
  const short: string[] = [];
  const atLeast = (what: string, total: number, held: number) => {
    if (held > total) short.push(what);
    return Math.max(total, held);
  };
  const present = new Map(capacity.gpus.map((gpu) => [gpu.index, gpu]));
  const held = new Map(used.gpus.map((gpu) => [gpu.index, gpu]));
  const indexes = [...present.keys(), ...[...held.keys()].filter((index) => !present.has(index))];
  const gpus = indexes
    .map((index) => {
      const has = present.get(index);
      const holds = held.get(index);
      return {
        index,
        name: has?.name ?? holds?.name ?? '',
        vram: atLeast(`gpu${index}.vram`, has?.vram ?? 0, holds?.vram ?? 0),
        encoderSessions: atLeast(
          `gpu${index}.encoderSessions`,
          has?.encoderSessions ?? 0,
          holds?.encoderSessions ?? 0,
        ),
        gone: has === undefined && (holds?.vram ?? 0) === 0 && (holds?.encoderSessions ?? 0) === 0,
      };
    })
    .filter((gpu) => !gpu.gone)
    .map(({ gone: _gone, ...gpu }) => gpu);
  return {
    cpu: atLeast('cpu', capacity.cpu, used.cpu),
    memory: atLeast('memory', capacity.memory, used.memory),
    disk: atLeast('disk', capacity.disk, used.disk),
    packets: atLeast('packets', capacity.packets, used.packets),
    gpus,
    short,
  };
}
