import {
  decodeCursor,
  inAnyProject,
  inProjectOfBody,
  type Kernel,
  page,
  type App as Server,
} from '@backlot/control/workload';
import { z } from 'zod';
import {
  App,
  AppClone,
  AppCreation,
  AppPage,
  AppPageInfo,
  AppPatch,
  AppQuery,
  AppRelease,
  AppVersion,
  AppVersionCreation,
  AppVersionPage,
  Slug,
  TicketAnswer,
} from '../../contract.ts';
import { runtimeOf } from '../runtime.ts';
import { type AppRow, tables } from '../tables.ts';
import { issueTicket } from '../tickets/issue-ticket.ts';
import { inProjectOfApp } from './access.ts';
import {
  addVersion,
  changeApp,
  clearFailures,
  cloneApp,
  correctVersion,
  createApp,
  releaseVersions,
  removeApp,
  removeVersion,
} from './change-app.ts';
import { viewApps, viewVersions } from './view-app.ts';

const tags = ['streams'];
const Params = z.object({ id: z.string().min(1).max(60) });
const VersionParams = Params.extend({ version: z.coerce.number().int().positive() });
const byHandler = { audited: 'by-handler' } as const;

/** Apps: `/api/v1/streams/apps`. */
export function appRoutes(app: Server, kernel: Kernel): void {
  const { ground } = runtimeOf(kernel);
  const find = (id: string) => ground.apps.byIdOrSlug(id);
  const view = async (row: AppRow) => (await viewApps(kernel.db, [row]))[0] as App;

  app.get(
    '/api/v1/streams/apps',
    {
      config: { access: inAnyProject('streams.read') },
      schema: {
        summary: 'Apps that one may see, newest first.',
        tags,
        querystring: AppQuery,
        response: { 200: AppPage },
      },
    },
    async ({ query: { cursor, limit, projectId, text }, actor }) => {
      const before = decodeCursor(cursor, z.object({ id: z.uuid() }))?.id;
      const projects = kernel.access.projectsWith(actor, 'streams.read');
      const rows = await tables(kernel.db)
        .selectFrom('streams_app')
        .selectAll()
        .where('deleted_at', 'is', null)
        .$if(projects !== 'all', (query) => query.where('project_id', 'in', [...(projects as string[])]))
        .$if(projectId !== undefined, (query) => query.where('project_id', '=', projectId as string))
        .$if(before !== undefined, (query) => query.where('id', '<', before as string))
        .$if(text !== undefined, (query) =>
          query.where((eb) =>
            eb.or([
              eb(eb.fn('strpos', ['slug', eb.val((text as string).toLowerCase())]), '>', 0),
              eb(
                eb.fn('strpos', [
                  eb.fn('lower', [eb.ref('settings', '->>').key('name')]),
                  eb.val((text as string).toLowerCase()),
                ]),
                '>',
                0,
              ),
            ]),
          ),
        )
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute();
      const shown = await viewApps(kernel.db, rows.slice(0, limit));
      return page(
        rows,
        limit,
        ({ id }) => ({ id }),
        (row) => shown.find(({ id }) => id === row.id) as App,
      );
    },
  );
  app.post(
    '/api/v1/streams/apps',
    {
      config: { access: inProjectOfBody('streams.apps.write'), ...byHandler },
      schema: { summary: 'Make an app.', tags, body: AppCreation, response: { 201: App } },
    },
    async ({ body, actor }, reply) => reply.code(201).send(await view(await createApp(ground, body, actor))),
  );
  app.get(
    '/api/v1/streams/apps/:id',
    {
      config: { access: inProjectOfApp('streams.read') },
      schema: { summary: 'One app, by id or address.', tags, params: Params, response: { 200: App } },
    },
    async ({ params }) => view(await find(params.id)),
  );
  app.patch(
    '/api/v1/streams/apps/:id',
    {
      config: { access: inProjectOfApp('streams.apps.write'), ...byHandler },
      schema: {
        summary: 'Change an app’s settings; sessions that run keep going.',
        tags,
        params: Params,
        body: AppPatch,
        response: { 200: App },
      },
    },
    async ({ params, body, actor }) => view(await changeApp(ground, await find(params.id), body, actor)),
  );
  app.delete(
    '/api/v1/streams/apps/:id',
    {
      config: { access: inProjectOfApp('streams.apps.write'), ...byHandler },
      schema: {
        summary: 'Remove an app that nobody uses.',
        tags,
        params: Params,
        response: { 204: z.undefined() },
      },
    },
    async ({ params, actor }, reply) => {
      await removeApp(ground, await find(params.id), actor);
      return reply.code(204).send();
    },
  );
  app.post(
    '/api/v1/streams/apps/:id/clone',
    {
      config: { access: inProjectOfApp('streams.apps.write'), ...byHandler },
      schema: {
        summary: 'Make a new app like this one.',
        tags,
        params: Params,
        body: AppClone,
        response: { 201: App },
      },
    },
    async ({ params, body, actor }, reply) =>
      reply.code(201).send(await view(await cloneApp(ground, await find(params.id), body, actor))),
  );
  app.post(
    '/api/v1/streams/apps/:id/clear',
    {
      config: { access: inProjectOfApp('streams.operate'), ...byHandler },
      schema: {
        summary: 'Start an app again that failed several times in a row.',
        tags,
        params: Params,
        response: { 200: App },
      },
    },
    async ({ params, actor }) => {
      const row = await find(params.id);
      await clearFailures(ground, row, actor);
      return view(row);
    },
  );
  app.put(
    '/api/v1/streams/apps/:id/release',
    {
      config: { access: inProjectOfApp('streams.apps.write'), ...byHandler },
      schema: {
        summary: 'Say which version is started, and which share of new instances tries another one.',
        description: 'A rolling change: no session ends because of it.',
        tags,
        params: Params,
        body: AppRelease,
        response: { 200: App },
      },
    },
    async ({ params, body, actor }) =>
      view(await releaseVersions(ground, await find(params.id), body, actor)),
  );
  versionRoutes(app, kernel);
  app.get(
    '/api/v1/streams/page/:slug',
    {
      config: { access: { kind: 'public' } },
      schema: {
        summary: 'How an app’s page looks.',
        tags,
        params: z.object({ slug: Slug }),
        response: { 200: AppPageInfo },
      },
    },
    async ({ params }) => {
      const { slug, settings } = await ground.apps.bySlug(params.slug);
      const { title, accent, logo, scheme } = settings.look;
      return {
        slug,
        name: settings.name,
        title: title ?? null,
        accent: accent ?? null,
        logo: logo ?? null,
        scheme,
        ticketRequired: settings.access === 'ticket',
      };
    },
  );
}

function versionRoutes(app: Server, kernel: Kernel): void {
  const { ground } = runtimeOf(kernel);
  const find = (id: string) => ground.apps.byIdOrSlug(id);
  const one = async (row: AppRow, version: number) =>
    (await viewVersions(kernel.db, row, { limit: 1, secrets: true, only: version }))[0] as AppVersion;

  app.get(
    '/api/v1/streams/apps/:id/versions',
    {
      config: { access: inProjectOfApp('streams.read') },
      schema: {
        summary: 'Versions of an app, newest first.',
        tags,
        params: Params,
        querystring: z.object({ cursor: z.string().max(500).optional(), limit: AppQuery.shape.limit }),
        response: { 200: AppVersionPage },
      },
    },
    async ({ params, query: { cursor, limit }, actor }) => {
      const row = await find(params.id);
      const before = decodeCursor(cursor, z.object({ version: z.number().int() }))?.version;
      const secrets = kernel.access.may(actor, 'streams.apps.write', row.project_id);
      const shown = await viewVersions(kernel.db, row, { before, limit: limit + 1, secrets });
      return page(
        shown,
        limit,
        ({ version }) => ({ version }),
        (version) => version,
      );
    },
  );
  app.post(
    '/api/v1/streams/apps/:id/versions',
    {
      config: { access: inProjectOfApp('streams.apps.write'), ...byHandler },
      schema: {
        summary: 'Add a version.',
        tags,
        params: Params,
        body: AppVersionCreation,
        response: { 201: AppVersion },
      },
    },
    async ({ params, body, actor }, reply) => {
      const made = await addVersion(ground, await find(params.id), body, actor);
      return reply.code(201).send(await one(made.app, made.version));
    },
  );
  app.put(
    '/api/v1/streams/apps/:id/versions/:version',
    {
      config: { access: inProjectOfApp('streams.apps.write'), ...byHandler },
      schema: {
        summary: 'Correct a version that nothing was started from yet.',
        tags,
        params: VersionParams,
        body: AppVersionCreation.omit({ activate: true }),
        response: { 200: AppVersion },
      },
    },
    async ({ params, body, actor }) => {
      const row = await find(params.id);
      await correctVersion(ground, row, params.version, body, actor);
      return one(row, params.version);
    },
  );
  app.delete(
    '/api/v1/streams/apps/:id/versions/:version',
    {
      config: { access: inProjectOfApp('streams.apps.write'), ...byHandler },
      schema: {
        summary: 'Remove a version that nothing was started from.',
        tags,
        params: VersionParams,
        response: { 204: z.undefined() },
      },
    },
    async ({ params, actor }, reply) => {
      await removeVersion(ground, await find(params.id), params.version, actor);
      return reply.code(204).send();
    },
  );
  app.post(
    '/api/v1/streams/apps/:id/versions/:version/test',
    {
      config: { access: inProjectOfApp('streams.apps.write'), ...byHandler, secretAnswer: true },
      schema: {
        summary: 'Try a version: a link to an instance of its own, which nobody else gets.',
        tags,
        params: VersionParams,
        response: { 201: TicketAnswer },
      },
    },
    async ({ params, actor }, reply) => {
      const row = await find(params.id);
      const answer = await issueTicket(
        ground,
        { app: row.slug, role: 'controller', subject: actor.name, ttlSeconds: 300, once: true },
        actor,
        params.version,
      );
      return reply.code(201).send(answer);
    },
  );
}
