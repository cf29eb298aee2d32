import type { Capability, TaskDraftInput } from '@backlot/contract';
import type { ModelFacts, Picture, RenderSettings } from '../../contract.ts';

const MEBIBYTE = 1024 * 1024;
const GIBIBYTE = 1024 * MEBIBYTE;
/** Cores for one Blender. More of them render one frame hardly faster, and leave room for another frame. */
const MOST_CORES = 8;
/** Taken when no node has said how many cores it has. */
const USUAL_CORES = 2;

/**
 * Cores for a frame: what the smallest capable node has, so that every node of the fleet can take it, at most 8.
 * On two cores one process with two threads beats two with one (measured: 15 to 20 % less CPU, half the memory).
 */
export function coresFor(capabilities: readonly Capability[]): number {
  const cores = capabilities
    .filter((capability) => capability.name === 'blender')
    .flatMap(({ details }) =>
      typeof details.cores === 'number' && details.cores > 0 ? [details.cores] : [],
    );
  return Math.max(1, Math.min(MOST_CORES, cores.length === 0 ? USUAL_CORES : Math.min(...cores)));
}

/** Memory for an import, in bytes. Importers need several times the file; a zip is larger than it looks. */
export function importMemory(files: readonly { readonly size: number }[], zipped: boolean): number {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  return roundUp(GIBIBYTE + size * (zipped ? 16 : 8), 256 * MEBIBYTE, 32 * GIBIBYTE);
}

/**
 * Memory for a frame, in bytes: Blender itself, geometry with its search tree, film with its passes, textures. A first
 * guess on the safe side; a task that runs out of it is tried again with half as much more.
 */
export function frameMemory(facts: ModelFacts, picture: Picture): number {
  const geometry = facts.triangles * 700;
  const film = picture.width * picture.height * 96;
  const textures = facts.images * 48 * MEBIBYTE;
  return roundUp(768 * MEBIBYTE + geometry + film + textures, 256 * MEBIBYTE, 64 * GIBIBYTE);
}

/** Video memory for a frame on a GPU: the same data once more. */
export function gpuRequest(
  settings: RenderSettings,
  memory: number,
): Pick<NonNullable<TaskDraftInput['resources']>, 'gpus'> {
  return settings.device === 'gpu' ? { gpus: [{ vram: memory, encoderSessions: 0 }] } : {};
}

function roundUp(bytes: number, step: number, most: number): number {
  return Math.min(most, Math.ceil(bytes / step) * step);
}
