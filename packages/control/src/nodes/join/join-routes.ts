import { IdParams, Page } from '@backlot/contract/api/common';
import {
  JoinAnswer,
  JoinBody,
  JoinToken,
  JoinTokenCreate,
  JoinTokenCreated,
} from '@backlot/contract/api/nodes';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { linkErrors } from '@backlot/contract/errors/link';
import { z } from 'zod';
import type { App, RouteAccess } from '../../workload.ts';
import type { NodesDependencies } from '../dependencies.ts';
import { joinNode } from './join.ts';
import { joinCommands } from './join-commands.ts';
import { JoinTokens } from './join-tokens.ts';

const mayJoin: RouteAccess = { kind: 'permission', permission: 'nodes.join', project: 'everywhere' };

/** Join tokens for operators, and joining for machines. */
export function joinRoutes(app: App, deps: NodesDependencies): void {
  const tokens = new JoinTokens(deps);

  app.route({
    method: 'POST',
    url: '/api/v1/node/join',
    config: {
      access: { kind: 'public' },
      limit: { name: 'node-join', perMinute: 30, burst: 60 },
      secretAnswer: true,
    },
    schema: {
      summary: 'Lets a machine join, with a join token as bearer token.',
      tags: ['nodes'],
      body: JoinBody,
      response: { 201: JoinAnswer },
    },
    async handler(request, reply) {
      const secret = /^Bearer (blj_[A-Za-z0-9_-]{20,100})$/.exec(request.headers.authorization ?? '')?.[1];
      if (!secret) throw new BacklotError(linkErrors.join_token_invalid);
      return reply.code(201).send(await joinNode(deps, secret, request.body, request.actor));
    },
  });

  app.route({
    method: 'GET',
    url: '/api/v1/join-tokens',
    config: { access: mayJoin },
    schema: {
      summary: 'Join tokens that can still be used.',
      tags: ['nodes'],
      response: { 200: Page(JoinToken) },
    },
    async handler() {
      return { items: await tokens.list() };
    },
  });

  app.route({
    method: 'POST',
    url: '/api/v1/join-tokens',
    config: { access: mayJoin, secretAnswer: true },
    schema: {
      summary: 'Makes a join token, and the complete commands for a new machine.',
      tags: ['nodes'],
      body: JoinTokenCreate,
      response: { 201: JoinTokenCreated },
    },
    async handler(request, reply) {
      const created = await tokens.create(request.body, request.actor);
      return reply.code(201).send({ ...created, commands: joinCommands(deps.publicUrl(), created.secret) });
    },
  });

  app.route({
    method: 'DELETE',
    url: '/api/v1/join-tokens/:id',
    config: { access: mayJoin },
    schema: {
      summary: 'Revokes a join token; machines that have joined with it stay.',
      tags: ['nodes'],
      params: IdParams,
      response: { 204: z.undefined() },
    },
    async handler(request, reply) {
      await tokens.revoke(request.params.id, request.actor);
      return reply.code(204).send(undefined);
    },
  });
}
