import { Constraints, newId, Resources, type TaskClass } from '@backlot/contract';
import type { z } from 'zod';
import { shapeOf } from '../tasks/shape.ts';
import type { NodePlace, ProjectShare, ReadyGroup, World } from './model.ts';

export const gigabyte = 1024 ** 3;

/** A ready, empty node; what matters to a test is given. */
export function nodePlace(name: string, rest: Partial<NodePlace> = {}): NodePlace {
  return {
    id: name,
    name,
    state: 'ready',
    schedulable: 'yes',
    epoch: 1,
    quarantined: false,
    connected: true,
    labels: {},
    capabilities: [],
    total: { cpu: 4, memory: 8 * gigabyte, disk: 100 * gigabyte, packets: 0 },
    used: { cpu: 0, memory: 0, disk: 0, packets: 0 },
    gpus: [],
    slots: new Map(),
    warmJobs: new Set(),
    warmHosts: new Set(),
    ...rest,
  };
}

export function gpus(...vram: number[]) {
  return vram.map((amount, index) => ({
    index,
    vram: amount * gigabyte,
    encoderSessions: 3,
    vramUsed: 0,
    encoderSessionsUsed: 0,
  }));
}

export interface GroupOptions {
  readonly class?: TaskClass;
  readonly project?: string;
  readonly resources?: z.input<typeof Resources>;
  readonly constraints?: z.input<typeof Constraints>;
  readonly host?: string;
  readonly count?: number;
  readonly priority?: number;
  readonly jobId?: string | null;
  readonly waitedMs?: number;
}

/** Ready tasks that ask for the same; one core each unless told. */
export function group(options: GroupOptions = {}): ReadyGroup {
  const demand = {
    resources: Resources.parse(options.resources ?? { cpu: 1 }),
    constraints: Constraints.parse(options.constraints ?? {}),
    ...(options.host === undefined ? {} : { host: options.host }),
  };
  const projectId = options.project ?? 'film';
  const taskClass = options.class ?? 'batch';
  const shape = shapeOf(demand);
  return {
    key: `${taskClass}/${projectId}/${shape}/${options.priority ?? 0}`,
    class: taskClass,
    projectId,
    shape,
    demand,
    tasks: Array.from({ length: options.count ?? 1 }, () => ({
      id: newId(),
      jobId: options.jobId ?? null,
      priority: options.priority ?? 0,
      waitedMs: options.waitedMs ?? 0,
    })),
  };
}

export function share(id: string, rest: Partial<ProjectShare> = {}): ProjectShare {
  return { id, name: id, weight: 1, running: 0, history: 0, batchCpu: 0, batchCpuLimit: null, ...rest };
}

export function world(rest: Partial<World> & Pick<World, 'nodes' | 'groups'>): World {
  const projects = new Map(
    rest.groups.map(({ projectId }) => [projectId, share(projectId)] as [string, ProjectShare]),
  );
  return { pool: 'default', strategy: 'pack', projects, avoidances: new Map(), frozen: [], ...rest };
}
