import { BacklotError } from '@backlot/contract';
import type { Kernel } from '@backlot/control/workload';
import { roomErrors } from '../../contract/errors.ts';
import {
  type HostUsage,
  type MediaMethod,
  type MediaPayload,
  MediaReply,
  type MediaResult,
  mediaCalls,
  mediaMethodName,
} from '../../contract/media/calls.ts';
import { taskKinds } from '../../contract/tasks.ts';

/** A room's running place on a node: the door to the media host there. */
export interface Shard {
  readonly allocation: string;
  readonly nodeId: string;
  readonly nodeName: string;
}

const callMs = 5_000;
/** Rooms that are looked through for one question. */
const mostShards = 2_000;

/** The media hosts of the fleet, for those who look into them: console, metrics, pages about workers. */
export class MediaHosts {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Every room that has its place, newest first. */
  async shards(): Promise<Shard[]> {
    const rows = await this.#kernel.db
      .selectFrom('allocation as a')
      .innerJoin('task as t', 't.id', 'a.task_id')
      .innerJoin('node as n', 'n.id', 'a.node_id')
      .select(['a.id', 'a.node_id', 'n.name'])
      .where('t.kind', '=', taskKinds.shard)
      .where('a.state', '=', 'running')
      .orderBy('a.id', 'desc')
      .limit(mostShards)
      .execute();
    return rows.map((row) => ({ allocation: row.id, nodeId: row.node_id, nodeName: row.name }));
  }

  /** One door for each node: what concerns the whole host is asked through any of its rooms. */
  async hosts(): Promise<Shard[]> {
    const byNode = new Map((await this.shards()).map((shard) => [shard.nodeId, shard]));
    return [...byNode.values()].toSorted((a, b) => a.nodeName.localeCompare(b.nodeName));
  }

  /** @throws media_object_not_found, media_refused, room_media_lost, timed_out */
  async call<M extends MediaMethod>(
    shard: Shard,
    method: M,
    payload: MediaPayload<M>,
  ): Promise<MediaResult<M>> {
    const answer = await this.#kernel.nodes.call(shard.nodeId, {
      allocation: shard.allocation,
      method: mediaMethodName(method),
      payload,
      deadlineMs: callMs,
    });
    const reply = MediaReply.parse(answer);
    if (reply.ok) return mediaCalls[method].result.parse(reply.data) as MediaResult<M>;
    if (reply.code === 'not_found') {
      throw new BacklotError(roomErrors.media_object_not_found, {
        params: { field: 'id', id: reply.message },
      });
    }
    throw new BacklotError(roomErrors.media_refused, { params: { reason: reply.message } });
  }

  /** How busy each host is; null where it did not answer. */
  async usage(): Promise<{ readonly shard: Shard; readonly usage: HostUsage | null }[]> {
    return Promise.all(
      (await this.hosts()).map(async (shard) => ({
        shard,
        usage: await this.call(shard, 'usage', {}).catch(() => null),
      })),
    );
  }
}
