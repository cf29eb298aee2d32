import type { DiskState } from '@backlot/contract';

/** Levels of free space of one disk, in bytes. */
export interface Watermarks {
  /** Below, batch work has to wait. */
  readonly soft: number;
  /** Below, nothing new is begun, and what writes closes its files. */
  readonly hard: number;
  /** Size of the reserve file, which is given back so that they can be closed. */
  readonly reserve: number;
  /** Below, the reserve is given back. */
  readonly last: number;
}

const GB = 1e9;
const MB = 1e6;

/** What a disk of this size must keep free: 2 GB or 5 %, whichever is less, so that small disks are of use too. */
export function watermarksOf(total: number): Watermarks {
  const hard = Math.min(2 * GB, total * 0.05);
  return {
    soft: Math.max(hard * 1.5, Math.min(10 * GB, total * 0.1)),
    hard,
    reserve: Math.floor(Math.min(256 * MB, total * 0.01)),
    last: Math.min(128 * MB, total * 0.01),
  };
}

/** What an agent writes until it has taken over what runs, in bytes: the last part of the reserve is kept for that. */
export function startBytes(total: number): number {
  return Math.floor(Math.min(1.5 * MB, watermarksOf(total).reserve / 2));
}

/** Space that must come back beyond a mark, as a part of it, before the state gets better: it shall not flutter. */
const SLACK = 0.1;

/** How a disk stands. Worse at once, better only with some slack. Pure. */
export function judgeDisk(free: number, marks: Watermarks, before: DiskState): DiskState {
  const leave = (mark: number) => mark * (1 + SLACK);
  if (free < marks.hard || (before === 'full' && free < leave(marks.hard))) return 'full';
  if (free < marks.soft || (before !== 'ok' && free < leave(marks.soft))) return 'low';
  return 'ok';
}

/** At most one notice in ten minutes, however the disk goes up and down. Milliseconds. */
export const noticeMs = 600_000;

/** Whether people are told that the disk has come to a state. Pure. */
export function isNotice(
  state: DiskState,
  before: DiskState,
  now: number,
  lastAt: number | undefined,
): boolean {
  const worse = state !== before && state !== 'ok' && !(before === 'full' && state === 'low');
  return worse && (lastAt === undefined || now - lastAt >= noticeMs);
}
