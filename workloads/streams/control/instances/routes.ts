import { BacklotError, IdParams, kernelErrors } from '@backlot/contract';
import { type App, decodeCursor, inAnyProject, type Kernel, page } from '@backlot/control/workload';
import { sql } from 'kysely';
import { z } from 'zod';
import {
  Instance,
  InstancePage,
  InstanceQuery,
  InstanceStop,
  instanceCalls,
  streamErrors,
  ThumbnailAnswer,
  type ThumbnailCall,
} from '../../contract.ts';
import { inProjectOf } from '../apps/access.ts';
import { runChange } from '../change.ts';
import type { Ground } from '../ground.ts';
import { runtimeOf } from '../runtime.ts';
import { tables } from '../tables.ts';
import { stopInstance } from './end-instance.ts';
import { serviceUrl } from './let-go.ts';
import { Thumbnails, type WantedPicture } from './thumbnails.ts';
import { readInstances } from './view-instance.ts';

const tags = ['streams'];
/** A look at a stream takes a moment: a peer connects, and waits for a whole picture. Milliseconds. */
const thumbnailMs = 20_000;

/** Instances: `/api/v1/streams/instances`. */
export function instanceRoutes(app: App, kernel: Kernel): void {
  const { ground } = runtimeOf(kernel);
  const thumbnails = new Thumbnails(kernel.clock, (wanted) => takeThumbnail(ground, wanted));
  const view = async (id: string) => {
    const [instance] = await readInstances(kernel.db, sql`i.id = ${id}`, 1);
    if (!instance) throw new BacklotError(kernelErrors.not_found, { params: { what: 'instance', id } });
    return instance;
  };

  app.get(
    '/api/v1/streams/instances',
    {
      config: { access: inAnyProject('streams.read') },
      schema: {
        summary: 'Instances, newest first.',
        tags,
        querystring: InstanceQuery,
        response: { 200: InstancePage },
      },
    },
    async ({ query, actor }) => {
      const { cursor, limit, appId, projectId, nodeId, state, open } = query;
      const before = decodeCursor(cursor, z.object({ id: z.uuid() }))?.id;
      const projects = kernel.access.projectsWith(actor, 'streams.read');
      const conditions = [
        projects === 'all' ? sql`true` : sql`i.project_id = ANY(${projects}::uuid[])`,
        appId === undefined ? sql`true` : sql`i.app_id = ${appId}`,
        projectId === undefined ? sql`true` : sql`i.project_id = ${projectId}`,
        nodeId === undefined ? sql`true` : sql`i.node_id = ${nodeId}`,
        state === undefined ? sql`true` : sql`i.state = ${state}`,
        open === undefined ? sql`true` : open ? sql`i.state <> 'ended'` : sql`i.state = 'ended'`,
        before === undefined ? sql`true` : sql`i.id < ${before}`,
      ];
      const found = await readInstances(kernel.db, sql.join(conditions, sql` AND `), limit + 1);
      return page(
        found,
        limit,
        ({ id }) => ({ id }),
        (instance) => instance,
      );
    },
  );
  app.get(
    '/api/v1/streams/instances/:id',
    {
      config: { access: inProjectOf('streams_instance', 'streams.read') },
      schema: {
        summary: 'One instance, with the end of its log when it failed.',
        tags,
        params: IdParams,
        response: { 200: Instance },
      },
    },
    async ({ params }) => view(params.id),
  );
  app.post(
    '/api/v1/streams/instances/:id/stop',
    {
      config: { access: inProjectOf('streams_instance', 'streams.operate'), audited: 'by-handler' },
      schema: {
        summary: 'Stop an instance, now or when its session is over.',
        tags,
        params: IdParams,
        body: InstanceStop,
        response: { 200: Instance },
      },
    },
    async ({ params: { id }, body, actor }) => {
      const params = { who: actor.name };
      await runChange(kernel, async (change) => {
        const row = await change.db
          .selectFrom('streams_instance')
          .select(['project_id', 'state', 'app_id'])
          .where('id', '=', id)
          .forNoKeyUpdate()
          .executeTakeFirstOrThrow();
        if (row.state === 'ended') throw new BacklotError(streamErrors.instance_over);
        await kernel.audit.record(change.tx, {
          actor,
          action: 'streams.instance.stop',
          subject: { kind: 'instance', id },
          projectId: row.project_id,
          after: body,
        });
        const inUse = row.state === 'assigned' || row.state === 'resetting';
        if (body.when === 'now' || !inUse) {
          await stopInstance(ground, change, id, 'stopped', params);
          return;
        }
        await change.db
          .updateTable('streams_instance')
          .set({ retire: 'stopped', retire_params: JSON.stringify(params) })
          .where('id', '=', id)
          .execute();
        change.after(() => ground.keeper.wake(row.app_id));
      });
      return view(id);
    },
  );
  app.get(
    '/api/v1/streams/instances/:id/thumbnail',
    {
      config: { access: inProjectOf('streams_instance', 'streams.read') },
      schema: {
        summary: 'A picture of the running stream, not older than ten seconds, in one of three widths.',
        tags,
        params: IdParams,
        querystring: z.object({ width: z.coerce.number().int().min(64).max(1_280).default(320) }),
        produces: ['image/png', 'image/jpeg'],
      },
    },
    async ({ params, query }, reply) => {
      const row = await tables(kernel.db)
        .selectFrom('streams_instance')
        .select(['id', 'app_id', 'node_id', 'allocation_id', 'state', 'streamer_at'])
        .where('id', '=', params.id)
        .executeTakeFirstOrThrow();
      const { node_id: nodeId, allocation_id: allocation } = row;
      const running = row.state === 'ready' || row.state === 'assigned';
      if (!running || row.streamer_at === null || nodeId === null || allocation === null)
        throw new BacklotError(streamErrors.session_not_running);
      const answer = await thumbnails.get({
        instanceId: row.id,
        appId: row.app_id,
        nodeId,
        allocation,
        width: query.width,
      });
      return reply
        .type(answer.mediaType)
        .header('cache-control', 'private, max-age=5')
        .send(Buffer.from(answer.data, 'base64'));
    },
  );
}

/** Has the node take a picture. */
async function takeThumbnail(
  ground: Ground,
  { instanceId, appId, nodeId, allocation, width }: WantedPicture,
): Promise<ThumbnailAnswer> {
  const playerUrl = await serviceUrl(ground, { id: instanceId, app_id: appId }, 'thumbnail');
  const payload: ThumbnailCall = { playerUrl, width };
  const answer = await ground.kernel.nodes.call(nodeId, {
    allocation,
    method: instanceCalls.thumbnail,
    payload,
    deadlineMs: thumbnailMs,
  });
  return ThumbnailAnswer.parse(answer);
}
