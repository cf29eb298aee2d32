import { BacklotError, IdParams, kernelErrors } from '@backlot/contract';
import {
  type Actor,
  type App,
  decodeCursor,
  inAnyProject,
  type Kernel,
  page,
} from '@backlot/control/workload';
import { sql } from 'kysely';
import { z } from 'zod';
import {
  ControlChange,
  PlayerParams,
  SessionDetail,
  SessionPage,
  SessionQuery,
  StatsAnswer,
  StatsQuery,
  StreamCountsAnswer,
  TicketAnswer,
  TicketRequest,
} from '../../contract.ts';
import { inProjectOf } from '../apps/access.ts';
import { runtimeOf } from '../runtime.ts';
import { countStreams, sumOf } from '../stats/counts.ts';
import { readStats } from '../stats/read-stats.ts';
import { issueTicket } from '../tickets/issue-ticket.ts';
import { giveControl, kickPlayer } from './control.ts';
import { endSession } from './end-session.ts';
import { readSession, readSessions } from './view-session.ts';

const tags = ['streams'];

/** Sessions: `/api/v1/streams/sessions`, and tickets and counts beside them. */
export function sessionRoutes(app: App, kernel: Kernel): void {
  const { ground } = runtimeOf(kernel);
  const view = async (id: string) => {
    const session = await readSession(kernel.db, id);
    if (!session) throw new BacklotError(kernelErrors.not_found, { params: { what: 'session', id } });
    return session;
  };
  const audit = async (actor: Actor, id: string, action: string, after: unknown = {}) => {
    const { projectId } = await view(id);
    const subject = { kind: 'session', id };
    await kernel.transaction((tx) =>
      kernel.audit.record(tx, { actor, action: `streams.session.${action}`, subject, projectId, after }),
    );
  };

  app.get(
    '/api/v1/streams/sessions',
    {
      config: { access: inAnyProject('streams.read') },
      schema: {
        summary: 'Sessions, newest first.',
        tags,
        querystring: SessionQuery,
        response: { 200: SessionPage },
      },
    },
    async ({ query, actor }) => {
      const { cursor, limit, appId, projectId, instanceId, state, open } = query;
      const before = decodeCursor(cursor, z.object({ id: z.uuid() }))?.id;
      const projects = kernel.access.projectsWith(actor, 'streams.read');
      const conditions = [
        projects === 'all' ? sql`true` : sql`s.project_id = ANY(${projects}::uuid[])`,
        appId === undefined ? sql`true` : sql`s.app_id = ${appId}`,
        projectId === undefined ? sql`true` : sql`s.project_id = ${projectId}`,
        instanceId === undefined ? sql`true` : sql`s.instance_id = ${instanceId}`,
        state === undefined ? sql`true` : sql`s.state = ${state}`,
        open === undefined ? sql`true` : open ? sql`s.state <> 'ended'` : sql`s.state = 'ended'`,
        before === undefined ? sql`true` : sql`s.id < ${before}`,
      ];
      const found = await readSessions(kernel.db, sql.join(conditions, sql` AND `), limit + 1);
      return page(
        found,
        limit,
        ({ id }) => ({ id }),
        (session) => session,
      );
    },
  );
  app.get(
    '/api/v1/streams/sessions/:id',
    {
      config: { access: inProjectOf('streams_session', 'streams.read') },
      schema: {
        summary: 'One session, with every state that it was in.',
        tags,
        params: IdParams,
        response: { 200: SessionDetail },
      },
    },
    async ({ params }) => view(params.id),
  );
  app.post(
    '/api/v1/streams/sessions/:id/end',
    {
      config: { access: inProjectOf('streams_session', 'streams.operate'), audited: 'by-handler' },
      schema: {
        summary: 'End a session for everybody in it. Ending it twice is harmless.',
        tags,
        params: IdParams,
        response: { 200: SessionDetail },
      },
    },
    async ({ params: { id }, actor }) => {
      await audit(actor, id, 'end');
      await endSession(ground, id, { reason: 'kicked', by: actor.name });
      return view(id);
    },
  );
  app.post(
    '/api/v1/streams/sessions/:id/players/:playerId/kick',
    {
      config: { access: inProjectOf('streams_session', 'streams.operate'), audited: 'by-handler' },
      schema: {
        summary: 'Send one player away. Sending away the one in control ends the session.',
        tags,
        params: PlayerParams,
        response: { 200: SessionDetail },
      },
    },
    async ({ params: { id, playerId }, actor }) => {
      await audit(actor, id, 'kick', { playerId });
      if ((await kickPlayer(ground, id, playerId)) === 'session')
        await endSession(ground, id, { reason: 'kicked', by: actor.name });
      return view(id);
    },
  );
  app.put(
    '/api/v1/streams/sessions/:id/control',
    {
      config: { access: inProjectOf('streams_session', 'streams.operate'), audited: 'by-handler' },
      schema: {
        summary: 'Give control to another player of the session.',
        tags,
        params: IdParams,
        body: ControlChange,
        response: { 200: SessionDetail },
      },
    },
    async ({ params: { id }, body, actor }) => {
      await audit(actor, id, 'control', body);
      await giveControl(ground, id, body.playerId, actor.name);
      return view(id);
    },
  );
  app.get(
    '/api/v1/streams/sessions/:id/stats',
    {
      config: { access: inProjectOf('streams_session', 'streams.read') },
      schema: {
        summary: 'Figures of a session’s players over time: bitrate, round trip, frames, loss.',
        description: 'One sample of each player every five seconds, kept for seven days.',
        tags,
        params: IdParams,
        querystring: StatsQuery,
        response: { 200: StatsAnswer },
      },
    },
    async ({ params, query }) => {
      await ground.stats.flush(kernel.db);
      return readStats(kernel.db, params.id, query);
    },
  );
  app.get(
    '/api/v1/streams/counts',
    {
      config: { access: inAnyProject('streams.read') },
      schema: {
        summary: 'Live, queued and free, for each app and overall: what an autoscaler asks for.',
        tags,
        response: { 200: StreamCountsAnswer },
      },
    },
    async ({ actor }) => {
      const projects = kernel.access.projectsWith(actor, 'streams.read');
      const apps = (await countStreams(kernel.db)).filter(
        ({ projectId }) => projects === 'all' || projects.includes(projectId),
      );
      return { ...sumOf(apps), apps };
    },
  );
  app.post(
    '/api/v1/streams/tickets',
    {
      config: {
        access: {
          kind: 'permission',
          permission: 'streams.open',
          project: (request) =>
            ground.apps.byIdOrSlug(TicketRequest.parse(request.body).app).then(
              ({ project_id }) => project_id,
              () => null,
            ),
        },
        audited: 'by-handler',
        secretAnswer: true,
      },
      schema: {
        summary: 'A ticket that lets one person in, for your own pages and products.',
        tags,
        body: TicketRequest,
        response: { 201: TicketAnswer },
      },
    },
    async ({ body, actor }, reply) => reply.code(201).send(await issueTicket(ground, body, actor)),
  );
}
