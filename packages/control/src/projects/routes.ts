import {
  Id,
  IdParams,
  Member,
  MemberAdd,
  MemberPut,
  Page,
  PageQuery,
  Project,
  ProjectCreate,
  ProjectPatch,
} from '@backlot/contract';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { decodeCursor, page } from '../http/paging.ts';
import type { AccessControl } from '../kernel.ts';
import type { App, RouteAccess } from '../workload.ts';
import type { Projects } from './projects.ts';

export interface ProjectRoutesDeps {
  readonly projects: Projects;
  readonly access: AccessControl;
}

const MemberParams = z.object({ id: Id, accountId: Id });

/** A permission in the project that the path names. */
function inProject(permission: string): RouteAccess {
  return {
    kind: 'permission',
    permission,
    project: (request: FastifyRequest) => (request.params as { id: string }).id,
  };
}

export function projectRoutes(app: App, { projects, access }: ProjectRoutesDeps): void {
  app.get(
    '/api/v1/projects',
    {
      config: { access: { kind: 'signedIn' } },
      schema: {
        summary: 'The projects that one may see.',
        querystring: PageQuery,
        response: { 200: Page(Project) },
      },
    },
    async (request) => {
      const { cursor, limit } = request.query;
      const after = decodeCursor(cursor, z.object({ slug: z.string() }));
      const visible = access.projectsWith(request.actor, 'projects.read');
      const rows = await projects.list({ visible, afterSlug: after?.slug, limit });
      return page(
        rows,
        limit,
        ({ slug }) => ({ slug }),
        (project) => project,
      );
    },
  );
  app.post(
    '/api/v1/projects',
    {
      config: { access: { kind: 'permission', permission: 'projects.create', project: 'everywhere' } },
      schema: { summary: 'Make a project.', body: ProjectCreate, response: { 201: Project } },
    },
    async (request, reply) => reply.code(201).send(await projects.create(request.body, request.actor)),
  );
  app.get(
    '/api/v1/projects/:id',
    {
      config: { access: inProject('projects.read') },
      schema: { summary: 'One project.', params: IdParams, response: { 200: Project } },
    },
    async (request) => await projects.get(request.params.id),
  );
  app.patch(
    '/api/v1/projects/:id',
    {
      config: { access: inProject('projects.manage') },
      schema: {
        summary: 'Change a project.',
        params: IdParams,
        body: ProjectPatch,
        response: { 200: Project },
      },
    },
    async (request) => await projects.change(request.params.id, request.body, request.actor),
  );
  app.delete(
    '/api/v1/projects/:id',
    {
      config: { access: { kind: 'permission', permission: 'projects.create', project: 'everywhere' } },
      schema: {
        summary: 'Delete a project that holds nothing any more.',
        params: IdParams,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      await projects.remove(request.params.id, request.actor);
      return await reply.code(204).send();
    },
  );
  memberRoutes(app, projects);
}

function memberRoutes(app: App, projects: Projects): void {
  app.get(
    '/api/v1/projects/:id/members',
    {
      config: { access: inProject('members.read') },
      schema: {
        summary: 'Who works in a project, and as what.',
        params: IdParams,
        response: { 200: Page(Member) },
      },
    },
    async (request) => {
      await projects.get(request.params.id);
      return { items: await projects.members(request.params.id) };
    },
  );
  app.post(
    '/api/v1/projects/:id/members',
    {
      config: { access: inProject('members.manage') },
      schema: {
        summary: 'Give somebody a role by their e-mail address.',
        params: IdParams,
        body: MemberAdd,
        response: { 201: Member },
      },
    },
    async (request, reply) => {
      const { id } = await projects.get(request.params.id);
      const { email, role } = request.body;
      return await reply.code(201).send(await projects.addMember(id, email, role, request.actor));
    },
  );
  app.put(
    '/api/v1/projects/:id/members/:accountId',
    {
      config: { access: inProject('members.manage') },
      schema: {
        summary: 'Give somebody a role, or change it.',
        params: MemberParams,
        body: MemberPut,
        response: { 200: Member },
      },
    },
    async (request) => {
      const { id } = await projects.get(request.params.id);
      return await projects.setMember(id, request.params.accountId, request.body.role, request.actor);
    },
  );
  app.delete(
    '/api/v1/projects/:id/members/:accountId',
    {
      config: { access: inProject('members.manage') },
      schema: {
        summary: 'Take somebody’s role away.',
        params: MemberParams,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      await projects.setMember(request.params.id, request.params.accountId, null, request.actor);
      return await reply.code(204).send();
    },
  );
}
