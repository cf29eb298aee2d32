import { type Kernel, systemActor } from '@backlot/control/workload';
import { sql } from 'kysely';
import type { Retention } from '../../contract/channel.ts';
import { chooseForRoom } from './retention.ts';
import { filesOf, trashBroadcast } from './trash-broadcast.ts';

/** A load that is older says nothing of the disk as it is. */
const FRESH = '1 minute';
/** A node is out of need only when it has so much more than its mark, else it would be in need again at once. */
const SLACK = 1.1;

/**
 * A node whose disk is nearly full lets go of old broadcasts before their time: into the trash, as retention does, so that for
 * a day they can be taken back. That makes room only when the day is over; until then what lies in the trash is counted as
 * room that comes, so that no more goes than is needed. Nothing is thrown away at once: a copy elsewhere is verified, but it
 * is not ours, and the bytes here are the last that we could give back.
 */
export async function makeRoom(kernel: Kernel): Promise<void> {
  for (const { nodeId, missing } of await nodesInNeed(kernel)) {
    const going = chooseForRoom(await heldBy(kernel, nodeId), missing);
    // Decided once: what can't go now is not made up for by a newer one, which would go in its place.
    for (const id of going) {
      try {
        if (!(await isWhollyVerified(kernel, id))) continue;
        await trashBroadcast(kernel, id, systemActor, 'disk');
        kernel.log.info({ broadcast: id, nodeId }, 'a broadcast goes before its time: a disk is nearly full');
      } catch (error) {
        kernel.log.info({ err: error, broadcast: id }, 'a broadcast is kept for a while longer');
      }
    }
  }
}

/** Nodes that are not well, with the bytes that will still be missing when their trash is gone. */
async function nodesInNeed(kernel: Kernel): Promise<{ readonly nodeId: string; readonly missing: number }[]> {
  const { rows } = await sql<{ nodeId: string; free: number; soft: number; coming: number }>`
    SELECT node_id AS "nodeId", (load ->> 'diskTotal')::float8 - (load ->> 'diskUsed')::float8 AS free,
           (load -> 'disk' ->> 'soft')::float8 AS soft,
           (SELECT coalesce(sum(blob.size), 0)::float8 FROM artifact_holder holder JOIN blob USING (digest)
            WHERE holder.node_id = lease.node_id AND holder.state IN ('trashing', 'trashed')) AS coming
    FROM node_lease lease
    WHERE load -> 'disk' ->> 'state' IN ('low', 'full') AND seen_at > now() - ${FRESH}::interval
  `.execute(kernel.db);
  return rows.map(({ nodeId, free, soft, coming }) => ({ nodeId, missing: soft * SLACK - free - coming }));
}

/** Ended broadcasts of which a node holds segments, and that no flow works on. */
async function heldBy(kernel: Kernel, nodeId: string) {
  const { rows } = await sql<{
    id: string;
    endedAt: number;
    bytes: number;
    verified: boolean;
    retention: Retention | null;
    newest: boolean;
    restored: boolean;
    held: number;
  }>`
    SELECT b.id, extract(epoch FROM b.ended_at)::float8 * 1000 AS "endedAt", b.bytes::float8 AS bytes,
           b.verified_at IS NOT NULL AS verified, nullif(c.settings -> 'retention', 'null') AS retention,
           NOT EXISTS (SELECT FROM recordings_broadcast later WHERE later.channel_id = b.channel_id
             AND later.state = 'ended' AND (later.ended_at, later.id) > (b.ended_at, b.id)) AS newest,
           EXISTS (SELECT FROM event WHERE subject_kind = 'broadcast' AND subject_id = b.id::text
             AND kind = 'recordings.broadcast.restored') AS restored,
           sum(a.size)::float8 AS held
    FROM artifact_holder h
    JOIN artifact a ON a.digest = h.digest AND a.deleted_at IS NULL
    JOIN recordings_segment s ON s.artifact_id = a.id
    JOIN recordings_broadcast b ON b.id = s.broadcast_id AND b.state = 'ended'
    JOIN recordings_channel c ON c.id = b.channel_id
    WHERE h.node_id = ${nodeId} AND h.state = 'held'
      AND NOT EXISTS (SELECT FROM flow_run run WHERE run.subject_kind = 'broadcast' AND run.subject_id = b.id::text
        AND run.state IN ('running', 'waiting'))
    GROUP BY b.id, c.id
  `.execute(kernel.db);
  return rows;
}

/** Whether everything that goes with it, its chat and its films too, is in a copy that a flow has read back. */
async function isWhollyVerified(kernel: Kernel, id: string): Promise<boolean> {
  const verified = new Set<string>();
  const runs = await kernel.db
    .selectFrom('flow_run')
    .select('id')
    .where('subject_kind', '=', 'broadcast')
    .where('subject_id', '=', id)
    .execute();
  for (const run of runs) for (const digest of await kernel.flows.verifiedBy(run.id)) verified.add(digest);
  const files = await kernel.transaction((tx) => filesOf(tx, id));
  if (files.length === 0) return false;
  const artifacts = await kernel.db
    .selectFrom('artifact')
    .select('digest')
    .where('id', 'in', files)
    .where('deleted_at', 'is', null)
    .execute();
  return artifacts.every(({ digest }) => verified.has(digest));
}
