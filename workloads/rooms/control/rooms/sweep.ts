import type { Kernel } from '@backlot/control/workload';
import type { RoomsSettings } from '../settings.ts';
import type { LiveRoom } from './live-room.ts';
import { cancelOrphanedJobs } from './orphaned-jobs.ts';
import { findHomes } from './place/find-home.ts';
import { depart } from './presence.ts';
import { compare } from './restore.ts';

/** Milliseconds between two looks at where the rooms' jobs are. */
const everyMs = 1_000;
/** Milliseconds between two looks for jobs that no room needs; the first is at once. */
const orphansEveryMs = 30_000;

/**
 * Looks from time to time whether each room's place is where we believe, compares rooms of which we are not sure with
 * their media host, puts out programs that never join, and cancels jobs that are left of rooms. The returned function ends it.
 */
export function startSweep(
  kernel: Kernel,
  rooms: () => readonly LiveRoom[],
  { joinMs }: Pick<RoomsSettings, 'joinMs'>,
): () => void {
  let cancel = () => {};
  let ended = false;
  let orphansAt = kernel.clock.monotonic();
  const next = () => {
    if (!ended) cancel = kernel.clock.after(everyMs, () => void sweep().finally(next));
  };
  const sweep = async () => {
    try {
      putOutIdle(kernel, rooms(), joinMs);
      await look(kernel, rooms());
      if (kernel.clock.monotonic() < orphansAt) return;
      orphansAt = kernel.clock.monotonic() + orphansEveryMs;
      await cancelOrphanedJobs(kernel);
    } catch (error) {
      kernel.log.debug({ err: error }, 'the places of rooms could not be looked at');
    }
  };
  next();
  return () => {
    ended = true;
    cancel();
  };
}

/** Who comes by signalling is watched by its socket; a program without one would keep its seat as long as the room lasts. */
function putOutIdle(kernel: Kernel, rooms: readonly LiveRoom[], joinMs: number): void {
  const before = kernel.clock.now() - joinMs;
  for (const room of rooms) {
    for (const member of [...room.members.values()]) {
      if (member.via !== 'api' || member.joined || member.joinedAt.getTime() > before) continue;
      void depart(room, member, { reason: 'timed_out' });
    }
  }
}

async function look(kernel: Kernel, rooms: readonly LiveRoom[]): Promise<void> {
  const placed = rooms.filter((room) => room.row.job_id !== null && !room.closed);
  const homes = await findHomes(
    kernel.db,
    placed.flatMap(({ row }) => (row.job_id === null ? [] : [row.job_id])),
  );
  for (const room of placed) {
    const { job_id } = room.row;
    const known = job_id === null ? undefined : homes.get(job_id);
    if (known) await room.place.look(known);
    if (room.suspect && room.place.home && kernel.nodes.connected(room.place.home.nodeId)) void agree(room);
  }
}

const comparing = new WeakSet<LiveRoom>();

async function agree(room: LiveRoom): Promise<void> {
  if (comparing.has(room)) return;
  comparing.add(room);
  room.suspect = false;
  try {
    const description = await room.place.describe();
    if (!compare(room, description)) room.suspect = true;
  } catch (error) {
    room.suspect = true;
    room.deps.kernel.log.debug(
      { err: error, room: room.id },
      'a room could not be compared with its media host',
    );
  } finally {
    comparing.delete(room);
  }
}
