import { BacklotError, IdParams, newId, Page } from '@backlot/contract';
import { type App, decodeCursor, type Kernel, page, type RouteAccess } from '@backlot/control/workload';
import type { FastifyRequest } from 'fastify';
import { sql } from 'kysely';
import { z } from 'zod';
import {
  Delivery,
  DeliveryQuery,
  DeliveryTarget,
  deliveryErrors,
  keepsFiles,
  Message,
  MessageQuery,
  Subscription,
  SubscriptionCreate,
  SubscriptionPatch,
  SubscriptionQuery,
  TargetCreate,
  TargetPatch,
  TargetQuery,
  TargetTest,
} from '../contract.ts';
import { commandRoutes } from './commands/routes.ts';
import type { Outbox } from './outbox/outbox.ts';
import { type MessageRow, type SubscriptionRow, tables } from './tables.ts';
import type { Targets } from './targets/targets.ts';
import { testTarget } from './targets/test-target.ts';
import { readDeliveries } from './uploads/read-deliveries.ts';

export interface RoutesDeps {
  readonly kernel: Kernel;
  readonly targets: Targets;
  readonly outbox: Outbox;
}

const read = 'deliveries.read';
const manage = 'deliveries.manage';
const any = (permission: string): RouteAccess => ({ kind: 'permission', permission, project: 'any' });
const idOnly = IdParams;

/** Targets, what goes to them, and what is told. */
export function deliveryRoutes(app: App, deps: RoutesDeps): void {
  targetRoutes(app, deps);
  uploadRoutes(app, deps);
  messageRoutes(app, deps);
  subscriptionRoutes(app, deps);
  commandRoutes(app, deps.kernel);
}

function targetRoutes(app: App, { kernel, targets, outbox }: RoutesDeps): void {
  const own = (permission: string): RouteAccess => ({
    kind: 'permission',
    permission,
    project: (request: FastifyRequest) => targets.projectOf((request.params as { id: string }).id),
  });
  app.get(
    '/api/v1/delivery-targets',
    {
      config: { access: any(read) },
      schema: {
        summary:
          'Delivery targets, without their secrets. Who may not change them sees addresses without what may be a token.',
        querystring: TargetQuery,
        response: { 200: Page(DeliveryTarget) },
      },
    },
    async (request) => {
      const { cursor, limit, projectId, kind } = request.query;
      const visible = kernel.access.projectsWith(request.actor, read);
      const beforeId = decodeCursor(cursor, idOnly)?.id;
      const rows = await targets.list({
        visible,
        changes: kernel.access.projectsWith(request.actor, manage),
        projectId,
        kind,
        beforeId,
        limit,
      });
      return page(
        rows,
        limit,
        ({ id }) => ({ id }),
        (target) => target,
      );
    },
  );
  app.post(
    '/api/v1/delivery-targets',
    {
      config: {
        audited: 'by-handler',
        access: {
          kind: 'permission',
          permission: manage,
          project: (request: FastifyRequest) => (request.body as { projectId: string }).projectId,
        },
      },
      schema: {
        summary: 'Make a delivery target. Its secrets are sealed and never answered again.',
        body: TargetCreate,
        response: { 201: DeliveryTarget },
      },
    },
    async (request, reply) => {
      const made = await targets.create(request.body, request.actor);
      kernel.events.wake();
      return await reply.code(201).send(made);
    },
  );
  app.get(
    '/api/v1/delivery-targets/:id',
    {
      config: { access: own(read) },
      schema: {
        summary: 'One delivery target. Who may not change it sees addresses without what may be a token.',
        params: IdParams,
        response: { 200: DeliveryTarget },
      },
    },
    async (request) =>
      await targets.get(request.params.id, kernel.access.projectsWith(request.actor, manage)),
  );
  app.patch(
    '/api/v1/delivery-targets/:id',
    {
      config: { access: own(manage), audited: 'by-handler' },
      schema: {
        summary: 'Change a delivery target; secrets that are not given stay.',
        params: IdParams,
        body: TargetPatch,
        response: { 200: DeliveryTarget },
      },
    },
    async (request) => {
      const changed = await targets.change(request.params.id, request.body, request.actor);
      kernel.events.wake();
      outbox.wake();
      return changed;
    },
  );
  app.delete(
    '/api/v1/delivery-targets/:id',
    {
      config: { access: own(manage), audited: 'by-handler' },
      schema: {
        summary: 'Delete a delivery target. Refused while something waits for it, or flows name it.',
        params: IdParams,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      await targets.remove(request.params.id, request.actor);
      kernel.events.wake();
      return await reply.code(204).send();
    },
  );
  app.post(
    '/api/v1/delivery-targets/:id/test',
    {
      config: { access: own(manage) },
      schema: {
        summary: 'Try a target for real: a small file there and back, or a message.',
        params: IdParams,
        response: { 200: TargetTest },
      },
    },
    async (request) => {
      const gone = new AbortController();
      request.raw.once('close', () => {
        if (request.raw.destroyed) gone.abort(new Error('Nobody waits any more.'));
      });
      return await testTarget(kernel, targets, request.params.id, request.actor, gone.signal);
    },
  );
}

function uploadRoutes(app: App, { kernel }: RoutesDeps): void {
  app.get(
    '/api/v1/deliveries',
    {
      config: { access: any(read) },
      schema: {
        summary:
          'What goes where: uploads and the reading back of copies, newest first, with progress and next try.',
        querystring: DeliveryQuery,
        response: { 200: Page(Delivery) },
      },
    },
    async (request) => {
      const { cursor, limit, ...filter } = request.query;
      const visible = kernel.access.projectsWith(request.actor, read);
      const beforeId = decodeCursor(cursor, idOnly)?.id;
      const rows = await readDeliveries(kernel, { ...filter, visible, beforeId, limit });
      return page(
        rows,
        limit,
        ({ id }) => ({ id }),
        (delivery) => delivery,
      );
    },
  );
}

function messageRoutes(app: App, { kernel, outbox }: RoutesDeps): void {
  app.get(
    '/api/v1/delivery-messages',
    {
      config: { access: any(read) },
      schema: {
        summary: 'Messages, newest first.',
        querystring: MessageQuery,
        response: { 200: Page(Message) },
      },
    },
    async (request) => {
      const { cursor, limit, projectId, targetId, state } = request.query;
      const visible = kernel.access.projectsWith(request.actor, read);
      if (visible !== 'all' && visible.length === 0) return { items: [] };
      const beforeId = decodeCursor(cursor, idOnly)?.id;
      let rows = messageQuery(kernel)
        .orderBy('m.id', 'desc')
        .limit(limit + 1);
      if (visible !== 'all') rows = rows.where('m.project_id', 'in', visible);
      if (projectId !== undefined) rows = rows.where('m.project_id', '=', projectId);
      if (targetId !== undefined) rows = rows.where('m.target_id', '=', targetId);
      if (state !== undefined) rows = rows.where('m.state', '=', state);
      if (beforeId !== undefined) rows = rows.where('m.id', '<', beforeId);
      return page(await rows.execute(), limit, ({ id }) => ({ id }), viewMessage);
    },
  );
  app.post(
    '/api/v1/delivery-messages/:id/retry',
    {
      config: { access: ownRow(kernel, 'delivery_message', manage) },
      schema: {
        summary: 'Send a message now: one that was given up, or one that waits for its next try.',
        params: IdParams,
        response: { 200: Message },
      },
    },
    async (request) => {
      const { id } = request.params;
      await tables(kernel.db)
        .updateTable('delivery_message')
        .set({ state: 'pending', next_at: sql<Date>`now()`, ended_at: null, created_at: sql<Date>`now()` })
        .where('id', '=', id)
        .where('state', 'in', ['pending', 'failed'])
        .execute();
      outbox.wake();
      return viewMessage(await messageQuery(kernel).where('m.id', '=', id).executeTakeFirstOrThrow());
    },
  );
}

function subscriptionRoutes(app: App, { kernel, targets }: RoutesDeps): void {
  const own = ownRow(kernel, 'delivery_subscription', manage);
  app.get(
    '/api/v1/delivery-subscriptions',
    {
      config: { access: any(read) },
      schema: {
        summary: 'Which kinds of events are told to which target.',
        querystring: SubscriptionQuery,
        response: { 200: Page(Subscription) },
      },
    },
    async (request) => {
      const { cursor, limit, projectId, targetId } = request.query;
      const visible = kernel.access.projectsWith(request.actor, read);
      if (visible !== 'all' && visible.length === 0) return { items: [] };
      const beforeId = decodeCursor(cursor, idOnly)?.id;
      let rows = subscriptionQuery(kernel)
        .orderBy('s.id', 'desc')
        .limit(limit + 1);
      if (visible !== 'all') rows = rows.where('s.project_id', 'in', visible);
      if (projectId !== undefined) rows = rows.where('s.project_id', '=', projectId);
      if (targetId !== undefined) rows = rows.where('s.target_id', '=', targetId);
      if (beforeId !== undefined) rows = rows.where('s.id', '<', beforeId);
      return page(await rows.execute(), limit, ({ id }) => ({ id }), viewSubscription);
    },
  );
  app.post(
    '/api/v1/delivery-subscriptions',
    {
      config: {
        access: {
          kind: 'permission',
          permission: manage,
          project: (request: FastifyRequest) =>
            targets.projectOf((request.body as { targetId: string }).targetId),
        },
      },
      schema: {
        summary: 'Tell kinds of events to a target.',
        body: SubscriptionCreate,
        response: { 201: Subscription },
      },
    },
    async (request, reply) => {
      const { targetId, kinds, language, enabled } = request.body;
      const target = await targets.get(targetId, []);
      if (keepsFiles(target.kind)) {
        const params = { name: target.name };
        throw new BacklotError(deliveryErrors.delivery_target_takes_no_messages, {
          params,
          pointer: 'body.targetId',
        });
      }
      const id = newId();
      await tables(kernel.db)
        .insertInto('delivery_subscription')
        .values({ id, project_id: target.projectId, target_id: targetId, kinds, language, enabled })
        .execute();
      const row = await subscriptionQuery(kernel).where('s.id', '=', id).executeTakeFirstOrThrow();
      return await reply.code(201).send(viewSubscription(row));
    },
  );
  app.patch(
    '/api/v1/delivery-subscriptions/:id',
    {
      config: { access: own },
      schema: {
        summary: 'Change which kinds of events a subscription tells, and how.',
        params: IdParams,
        body: SubscriptionPatch,
        response: { 200: Subscription },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { kinds, language, enabled } = request.body;
      await tables(kernel.db)
        .updateTable('delivery_subscription')
        .set({
          ...(kinds === undefined ? {} : { kinds }),
          ...(language === undefined ? {} : { language }),
          ...(enabled === undefined ? {} : { enabled }),
          id,
        })
        .where('id', '=', id)
        .execute();
      return viewSubscription(
        await subscriptionQuery(kernel).where('s.id', '=', id).executeTakeFirstOrThrow(),
      );
    },
  );
  app.delete(
    '/api/v1/delivery-subscriptions/:id',
    {
      config: { access: own },
      schema: {
        summary: 'Delete a subscription: no more is told by it.',
        params: IdParams,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      await tables(kernel.db)
        .deleteFrom('delivery_subscription')
        .where('id', '=', request.params.id)
        .execute();
      return await reply.code(204).send();
    },
  );
}

function ownRow(
  kernel: Kernel,
  table: 'delivery_message' | 'delivery_subscription',
  permission: string,
): RouteAccess {
  return {
    kind: 'permission',
    permission,
    project: async (request: FastifyRequest) => {
      const row = await tables(kernel.db)
        .selectFrom(table)
        .select('project_id')
        .where('id', '=', (request.params as { id: string }).id)
        .executeTakeFirst();
      return row?.project_id ?? null;
    },
  };
}

function messageQuery(kernel: Kernel) {
  return tables(kernel.db)
    .selectFrom('delivery_message as m')
    .innerJoin('delivery_target as t', 't.id', 'm.target_id')
    .selectAll('m')
    .select('t.name as target');
}

function viewMessage(row: MessageRow & { readonly target: string }): Message {
  const { title, text, level } = row.notice;
  return {
    id: row.id,
    projectId: row.project_id,
    targetId: row.target_id,
    target: row.target,
    group: row.group_key,
    title,
    text,
    level,
    state: row.state,
    attempts: row.attempts,
    nextTryAt: row.next_at?.toISOString() ?? null,
    fault: row.fault,
    createdAt: row.created_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
  };
}

function subscriptionQuery(kernel: Kernel) {
  return tables(kernel.db)
    .selectFrom('delivery_subscription as s')
    .innerJoin('delivery_target as t', 't.id', 's.target_id')
    .selectAll('s')
    .select('t.name as target');
}

function viewSubscription(row: SubscriptionRow & { readonly target: string }): Subscription {
  return {
    id: row.id,
    projectId: row.project_id,
    targetId: row.target_id,
    target: row.target,
    kinds: row.kinds,
    language: row.language,
    enabled: row.enabled,
    createdAt: row.created_at.toISOString(),
  };
}
