import type { Inventory } from '@backlot/contract';
import type { Kernel } from '@backlot/control/workload';
import { Engine, ModelFormat, modelFormats, type RenderOptions } from '../contract.ts';
import { coresFor } from './jobs/resources.ts';

/** What the nodes that take work now have proved, as far as renders care. */
export interface RenderFleet {
  readonly options: Omit<RenderOptions, 'pricePerCoreHour'>;
  /** Cores of one frame task, and how many of them fit the fleet side by side; 0 when no node has Blender. */
  readonly cores: number;
  readonly slots: number;
}

export async function readRenderFleet(kernel: Kernel): Promise<RenderFleet> {
  const rows = await kernel.db
    .selectFrom('node')
    .select('inventory')
    .where('state', '=', 'ready')
    .where('schedulable', '=', 'yes')
    .where('inventory', 'is not', null)
    .execute();
  return describeFleet(rows.flatMap(({ inventory }) => inventory ?? []));
}

/** Pure part of {@link readRenderFleet}. */
export function describeFleet(
  inventories: readonly Pick<Inventory, 'capabilities' | 'capacity'>[],
): RenderFleet {
  const able = inventories.filter(({ capabilities }) => capabilities.some(({ name }) => name === 'blender'));
  const blenders = able.flatMap(({ capabilities }) => capabilities.filter(({ name }) => name === 'blender'));
  const features = new Set(blenders.flatMap(({ features }) => features));
  const film = inventories.some(({ capabilities }) => capabilities.some(({ name }) => name === 'ffmpeg'));
  const cores = coresFor(blenders);
  return {
    cores,
    slots: able.reduce((sum, { capacity }) => sum + Math.max(1, Math.floor(capacity.cpu / cores)), 0),
    options: {
      formats: modelFormats
        .filter((format) => features.has(format))
        .map((format) => ModelFormat.parse(format)),
      engines: Engine.options.filter((engine) => features.has(engine)),
      gpu: features.has('cycles-gpu'),
      denoiser: features.has('oidn'),
      // EXR and JPEG are checked by ffmpeg before they count.
      pictures: film ? ['png', 'exr', 'jpeg'] : ['png'],
      film,
      versions: [...new Set(blenders.flatMap(({ version }) => version ?? []))].sort(),
    },
  };
}
