import {
  BacklotError,
  Flow,
  FlowCatalogue,
  FlowCheck,
  FlowCheckAnswer,
  FlowCreate,
  FlowDetail,
  FlowPatch,
  FlowQuery,
  FlowRun,
  FlowRunStart,
  FlowSave,
  FlowTemplate,
  FlowVersion,
  FlowVersionSummary,
  Id,
  IdParams,
  kernelErrors,
  newId,
  Page,
  PageQuery,
} from '@backlot/contract';
import type { FastifyRequest } from 'fastify';
import { sql } from 'kysely';
import { z } from 'zod';
import type { Db, FlowRow } from '../../db/schema.ts';
import { decodeCursor, page } from '../../http/paging.ts';
import type { AccessControl, Actor, Artifacts, Flows } from '../../kernel.ts';
import type { App, RouteAccess } from '../../workload.ts';
import { catalogueOf } from '../catalogue.ts';
import type { InstalledKinds } from '../flow-kinds.ts';
import { portsFromArtifacts } from '../manual-ports.ts';
import { readRuns, viewRun } from '../runs/run-view.ts';
import { viewFlows, viewVersion, viewWholeVersion } from '../store/flow-view.ts';
import type { FlowStore } from '../store/flows.ts';
import { readSource } from '../store/read-source.ts';
import { offeredTemplates } from '../templates/offered.ts';

export interface FlowRoutesDeps {
  readonly db: Db;
  readonly access: AccessControl;
  readonly artifacts: Pick<Artifacts, 'visibleTo'>;
  readonly installed: InstalledKinds;
  readonly store: FlowStore;
  readonly start: Flows['start'];
  readonly hookKey: () => Promise<Uint8Array>;
}

const VersionParams = z.object({ id: Id, number: z.coerce.number().int().positive() });

/** Flows and their versions, what they can be made of, and starting one by hand. */
export function flowRoutes(app: App, deps: FlowRoutesDeps): void {
  const { db, access, installed, store } = deps;
  const inFlow = (permission: string): RouteAccess => ({
    kind: 'permission',
    permission,
    project: async (request: FastifyRequest) => {
      const { id } = request.params as { id: string };
      const row = await db.selectFrom('flow').select('project_id').where('id', '=', id).executeTakeFirst();
      return row?.project_id ?? null;
    },
  });
  const mayEdit = (actor: Actor) => (row: FlowRow) => access.may(actor, 'flows.edit', row.project_id);
  const detail = async (id: string, actor: Actor): Promise<FlowDetail> => {
    const row = await db
      .selectFrom('flow')
      .selectAll()
      .where('id', '=', id)
      .where('removed_at', 'is', null)
      .executeTakeFirst();
    const [flow] = row ? await viewFlows(deps, [row], mayEdit(actor)) : [];
    if (!row || !flow) throw new BacklotError(kernelErrors.not_found, { params: { what: 'flow', id } });
    const version = await db
      .selectFrom('flow_version')
      .select(['definition', 'text'])
      .where('id', '=', row.version_id)
      .executeTakeFirstOrThrow();
    return { ...flow, ...version };
  };

  app.get(
    '/api/v1/flows',
    {
      config: { access: { kind: 'permission', permission: 'flows.read', project: 'any' } },
      schema: { summary: 'Flows by name.', querystring: FlowQuery, response: { 200: Page(Flow) } },
    },
    async (request) => {
      const { query, actor } = request;
      const after = decodeCursor(query.cursor, z.object({ name: z.string(), id: Id }));
      const projects = access.projectsWith(actor, 'flows.read');
      let select = db
        .selectFrom('flow')
        .selectAll()
        // As the database sorts it: it does not know the small letter of every large one that we know.
        .select(sql<string>`lower(name)`.as('place'))
        .where('removed_at', 'is', null)
        .orderBy(sql`lower(name)`)
        .orderBy('id')
        .limit(query.limit + 1);
      if (projects !== 'all') select = select.where(sql<boolean>`project_id = ANY(${[...projects]}::uuid[])`);
      if (query.projectId) select = select.where('project_id', '=', query.projectId);
      if (query.trigger) select = select.where('trigger_kind', '=', query.trigger);
      if (query.text) select = select.where(sql<boolean>`strpos(lower(name), lower(${query.text})) > 0`);
      if (after) select = select.where(sql<boolean>`(lower(name), id) > (${after.name}, ${after.id}::uuid)`);
      const rows = await select.execute();
      const { items, next } = page(
        rows,
        query.limit,
        ({ place, id }) => ({ name: place, id }),
        (row) => row,
      );
      return {
        items: await viewFlows(deps, items, mayEdit(actor)),
        ...(next === undefined ? {} : { next }),
      };
    },
  );

  app.post(
    '/api/v1/flows',
    {
      config: {
        access: {
          kind: 'permission',
          permission: 'flows.edit',
          project: (request) => (request.body as { projectId: string }).projectId,
        },
      },
      schema: {
        summary: 'Makes a flow from YAML text or a definition. Refused with every place that is wrong.',
        body: FlowCreate,
        response: { 201: FlowDetail },
      },
    },
    async (request, reply) => {
      const id = await store.create(request.body, request.actor);
      return reply.code(201).send(await detail(id, request.actor));
    },
  );

  app.get(
    '/api/v1/flows/catalogue',
    {
      config: { access: { kind: 'permission', permission: 'flows.read', project: 'any' } },
      schema: {
        summary:
          'Kinds of step and of trigger that flows can be made of, with JSON Schema of their parameters.',
        response: { 200: FlowCatalogue },
      },
    },
    () => catalogueOf(installed),
  );

  app.get(
    '/api/v1/flows/templates',
    {
      config: { access: { kind: 'permission', permission: 'flows.read', project: 'any' } },
      schema: {
        summary: 'Flows to begin with: those whose kinds are all installed.',
        response: { 200: z.object({ items: z.array(FlowTemplate) }) },
      },
    },
    () => ({ items: offeredTemplates(installed) }),
  );

  app.post(
    '/api/v1/flows/check',
    {
      config: {
        access: { kind: 'permission', permission: 'flows.read', project: 'any' },
        audited: 'by-handler',
      },
      schema: {
        summary: 'Says what is wrong with a flow, with the place of each in the definition and in the text.',
        body: FlowCheck,
        response: { 200: FlowCheckAnswer },
      },
    },
    (request) => {
      const { definition, text, issues } = readSource(request.body, installed, request.actor.language);
      return { definition, text, issues: [...issues] };
    },
  );

  app.get(
    '/api/v1/flows/:id',
    {
      config: { access: inFlow('flows.read') },
      schema: { summary: 'A flow with its newest version.', params: IdParams, response: { 200: FlowDetail } },
    },
    (request) => detail(request.params.id, request.actor),
  );

  app.get(
    '/api/v1/flows/:id/yaml',
    {
      config: { access: inFlow('flows.read') },
      schema: {
        summary: 'The newest version as YAML, as it was saved, comments and all.',
        params: IdParams,
        response: { 200: z.string() },
      },
    },
    async (request, reply) => {
      const { text } = await detail(request.params.id, request.actor);
      return reply.type('application/yaml; charset=utf-8').send(text);
    },
  );

  app.put(
    '/api/v1/flows/:id',
    {
      config: { access: inFlow('flows.edit') },
      schema: {
        summary: 'Saves a new version. Runs that have begun go on with theirs.',
        params: IdParams,
        body: FlowSave,
        response: { 200: FlowDetail },
      },
    },
    async (request) => {
      await store.save(request.params.id, request.body, request.actor);
      return detail(request.params.id, request.actor);
    },
  );

  app.patch(
    '/api/v1/flows/:id',
    {
      config: { access: inFlow('flows.edit') },
      schema: {
        summary: 'Turns a flow’s trigger on or off.',
        params: IdParams,
        body: FlowPatch,
        response: { 200: FlowDetail },
      },
    },
    async (request) => {
      const { enabled } = request.body;
      if (enabled !== undefined) await store.setEnabled(request.params.id, enabled, request.actor);
      return detail(request.params.id, request.actor);
    },
  );

  app.delete(
    '/api/v1/flows/:id',
    {
      config: { access: inFlow('flows.edit') },
      schema: {
        summary: 'Removes a flow without open runs. Its runs can still be looked at.',
        params: IdParams,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      await store.remove(request.params.id, request.actor);
      return reply.code(204).send(undefined);
    },
  );

  app.get(
    '/api/v1/flows/:id/versions',
    {
      config: { access: inFlow('flows.read') },
      schema: {
        summary: 'Versions of a flow, newest first.',
        params: IdParams,
        querystring: PageQuery,
        response: { 200: Page(FlowVersionSummary) },
      },
    },
    async (request) => {
      const { cursor, limit } = request.query;
      const after = decodeCursor(cursor, z.object({ number: z.number() }));
      const rows = await db
        .selectFrom('flow_version')
        .select(['id', 'flow_id', 'number', 'note', 'actor_id', 'actor_name', 'created_at'])
        .where('flow_id', '=', request.params.id)
        .$if(after !== undefined, (query) => query.where('number', '<', after?.number ?? 0))
        .orderBy('number', 'desc')
        .limit(limit + 1)
        .execute();
      return page(rows, limit, (last) => ({ number: last.number }), viewVersion);
    },
  );

  app.get(
    '/api/v1/flows/:id/versions/:number',
    {
      config: { access: inFlow('flows.read') },
      schema: {
        summary: 'One version of a flow, as it was saved.',
        params: VersionParams,
        response: { 200: FlowVersion },
      },
    },
    async (request) => {
      const { id, number } = request.params;
      const row = await db
        .selectFrom('flow_version')
        .selectAll()
        .where('flow_id', '=', id)
        .where('number', '=', number)
        .executeTakeFirst();
      if (row) return viewWholeVersion(row);
      throw new BacklotError(kernelErrors.not_found, {
        params: { what: 'flow version', id: String(number) },
      });
    },
  );

  app.post(
    '/api/v1/flows/:id/runs',
    {
      config: { access: inFlow('flows.run') },
      schema: {
        summary: 'Starts a run by hand, with artifacts for the trigger’s ports and data for its templates.',
        params: IdParams,
        body: FlowRunStart,
        response: { 201: FlowRun, 200: FlowRun },
      },
    },
    async (request, reply) => {
      const { actor, body } = request;
      const { id } = request.params;
      const version = await db
        .selectFrom('flow_version as v')
        .innerJoin('flow as f', 'f.id', 'v.flow_id')
        .select(['v.id', 'v.definition', 'f.project_id'])
        .where('f.id', '=', id)
        .where('f.removed_at', 'is', null)
        .$if(body.version === undefined, (query) => query.whereRef('v.id', '=', 'f.version_id'))
        .$if(body.version !== undefined, (query) => query.where('v.number', '=', body.version ?? 0))
        .executeTakeFirst();
      if (!version) {
        const what = body.version === undefined ? 'flow' : 'flow version';
        throw new BacklotError(kernelErrors.not_found, { params: { what, id: String(body.version ?? id) } });
      }
      const { definition } = version;
      const flow = { projectId: version.project_id, definition };
      const ports = await portsFromArtifacts(deps, flow, body.artifacts, actor);
      const given = installed.triggers.get(definition.trigger.kind)?.outputs ?? {};
      const { runId, started } = await deps.start({
        flow: { versionId: version.id },
        key: body.key === undefined ? `manual:${newId()}` : `manual:${body.key}`,
        ports: {
          ...ports,
          ...(Object.hasOwn(given, 'data') && given.data?.type === 'data'
            ? { data: { type: 'data' as const, data: JSON.parse(JSON.stringify(body.data)) } }
            : {}),
        },
        data: body.data,
        actor,
      });
      const [row] = await readRuns(db, sql`r.id = ${runId}`, 1);
      if (!row) throw new BacklotError(kernelErrors.not_found, { params: { what: 'flow run', id: runId } });
      return reply.code(started ? 201 : 200).send(viewRun(row));
    },
  );
}
