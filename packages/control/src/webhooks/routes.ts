import {
  Id,
  IdParams,
  Page,
  PageQuery,
  Webhook,
  WebhookCreate,
  WebhookCreated,
  WebhookDelivery,
  WebhookDeliveryQuery,
  WebhookPatch,
} from '@backlot/contract';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { decodeCursor, page } from '../http/paging.ts';
import type { AccessControl } from '../kernel.ts';
import type { App, RouteAccess } from '../workload.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Webhooks } from './webhooks.ts';

export interface WebhookRoutesDeps {
  readonly webhooks: Webhooks;
  readonly dispatcher: Dispatcher;
  readonly access: AccessControl;
}

const permission = 'webhooks.manage';
const WebhookQuery = PageQuery.extend({ projectId: Id.optional() });
const DeliveryParams = z.object({ id: Id, deliveryId: Id });

export function webhookRoutes(app: App, { webhooks, dispatcher, access }: WebhookRoutesDeps): void {
  const own: RouteAccess = {
    kind: 'permission',
    permission,
    project: (request: FastifyRequest) => webhooks.projectOf((request.params as { id: string }).id),
  };

  app.get(
    '/api/v1/webhooks',
    {
      config: { access: { kind: 'permission', permission, project: 'any' } },
      schema: {
        summary: 'Webhooks of the projects that one manages.',
        querystring: WebhookQuery,
        response: { 200: Page(Webhook) },
      },
    },
    async (request) => {
      const { cursor, limit, projectId } = request.query;
      const visible = access.projectsWith(request.actor, permission);
      const beforeId = decodeCursor(cursor, IdParams)?.id;
      const rows = await webhooks.list({ visible, projectId, beforeId, limit });
      return page(
        rows,
        limit,
        ({ id }) => ({ id }),
        (webhook) => webhook,
      );
    },
  );
  app.post(
    '/api/v1/webhooks',
    {
      config: {
        secretAnswer: true,
        access: {
          kind: 'permission',
          permission,
          project: (request: FastifyRequest) => (request.body as { projectId: string }).projectId,
        },
      },
      schema: {
        summary: 'Make a webhook; its signing secret is told once.',
        body: WebhookCreate,
        response: { 201: WebhookCreated },
      },
    },
    async (request, reply) => reply.code(201).send(await webhooks.create(request.body, request.actor)),
  );
  app.get(
    '/api/v1/webhooks/:id',
    {
      config: { access: own },
      schema: { summary: 'One webhook.', params: IdParams, response: { 200: Webhook } },
    },
    async (request) => await webhooks.get(request.params.id),
  );
  app.patch(
    '/api/v1/webhooks/:id',
    {
      config: { access: own },
      schema: {
        summary: 'Change a webhook.',
        params: IdParams,
        body: WebhookPatch,
        response: { 200: Webhook },
      },
    },
    async (request) => {
      const changed = await webhooks.change(request.params.id, request.body, request.actor);
      dispatcher.wake();
      return changed;
    },
  );
  app.delete(
    '/api/v1/webhooks/:id',
    {
      config: { access: own },
      schema: {
        summary: 'Delete a webhook with its log.',
        params: IdParams,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      await webhooks.remove(request.params.id, request.actor);
      return await reply.code(204).send();
    },
  );
  app.post(
    '/api/v1/webhooks/:id/secret',
    {
      config: { access: own, secretAnswer: true },
      schema: { summary: 'A new signing secret.', params: IdParams, response: { 200: WebhookCreated } },
    },
    async (request) => await webhooks.rotateSecret(request.params.id, request.actor),
  );
  app.get(
    '/api/v1/webhooks/:id/deliveries',
    {
      config: { access: own },
      schema: {
        summary: 'What was sent to a webhook and how it answered, newest event first.',
        params: IdParams,
        querystring: WebhookDeliveryQuery,
        response: { 200: Page(WebhookDelivery) },
      },
    },
    async (request) => {
      const { cursor, limit, state } = request.query;
      const beforeSeq = decodeCursor(cursor, z.object({ seq: z.number().int() }))?.seq;
      const rows = await webhooks.deliveries({ webhookId: request.params.id, state, beforeSeq, limit });
      return page(
        rows,
        limit,
        (last) => ({ seq: last.eventSeq }),
        (delivery) => delivery,
      );
    },
  );
  app.post(
    '/api/v1/webhooks/:id/deliveries/:deliveryId/replay',
    {
      config: { access: own },
      schema: {
        summary: 'Send a delivery again.',
        params: DeliveryParams,
        response: { 200: WebhookDelivery },
      },
    },
    async (request) => {
      const { id, deliveryId } = request.params;
      const delivery = await webhooks.replay(id, deliveryId, request.actor);
      dispatcher.wake();
      return delivery;
    },
  );
}
