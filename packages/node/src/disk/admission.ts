import type { TaskClass } from '@backlot/contract';
import type { DiskSpace } from './disk-watch.ts';
import { watermarksOf } from './watermarks.ts';

/**
 * Whether there is room for more: what is free, less what the work here was promised, must hold the new work and leave
 * what the disk must keep. What was promised to a live task is its forecast for the time ahead, whatever it has written by
 * now. Batch work has to leave the room that recordings go on with; what writes nothing (an upload, which makes room later)
 * may come until nothing is left.
 */
export function admits(
  space: DiskSpace,
  promised: number,
  wanted: number,
  taskClass: TaskClass,
): { readonly ok: boolean; readonly needed: number } {
  const { soft, hard, last } = watermarksOf(space.total);
  if (wanted === 0 && taskClass !== 'live') return { ok: space.free >= last, needed: last };
  const needed = promised + wanted + (taskClass === 'batch' ? soft : hard);
  return { ok: space.free >= needed, needed };
}
