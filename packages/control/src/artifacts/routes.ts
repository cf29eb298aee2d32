import {
  Artifact,
  ArtifactCheck,
  ArtifactCheckAnswer,
  ArtifactContentQuery,
  ArtifactQuery,
  ArtifactZipQuery,
  artifactErrors,
  BacklotError,
  IdParams,
  Page,
} from '@backlot/contract';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Db } from '../db/schema.ts';
import type { Actor, Artifacts, BlobStore } from '../kernel.ts';
import type { App } from '../workload.ts';
import { toArtifact } from './artifact-row.ts';
import type { ArtifactsDependencies } from './dependencies.ts';
import { contentDisposition } from './download/content-disposition.ts';
import { sendBlob } from './download/send-blob.ts';
import { zipArtifacts } from './download/zip.ts';
import { claimKnownBytes } from './library.ts';
import { listArtifacts } from './list.ts';
import type { ArtifactVisibility } from './visibility.ts';

/** More files are better fetched in several archives. */
const MOST_IN_A_ZIP = 10_000;

/** What people and programs do with artifacts: list, look, download, delete. */
export function artifactRoutes(
  app: App,
  deps: ArtifactsDependencies & { readonly artifacts: Artifacts; readonly bytes: BlobStore['get'] },
): void {
  const { store, bytes, access, audit, events, artifacts, log } = deps;
  const { db } = store;
  const projectOf = (request: FastifyRequest) =>
    projectOfArtifact(db, artifacts, request.actor, (request.params as { id: string }).id);

  app.get(
    '/api/v1/artifacts',
    {
      config: { access: { kind: 'permission', permission: 'artifacts.read', project: 'any' } },
      schema: {
        summary: 'Lists artifacts, newest first.',
        querystring: ArtifactQuery,
        response: { 200: Page(Artifact) },
      },
    },
    (request) => listArtifacts({ db, access, visibility: artifacts }, request.query, request.actor),
  );

  app.post(
    '/api/v1/artifacts/check',
    {
      config: {
        access: {
          kind: 'permission',
          permission: 'artifacts.write',
          project: (request) => (request.body as z.infer<typeof ArtifactCheck>).projectId,
        },
        audited: 'by-handler',
      },
      schema: {
        summary: 'Tells whether the project holds these bytes already, so that they need not be sent.',
        body: ArtifactCheck,
        response: { 200: ArtifactCheckAnswer },
      },
    },
    async (request) => ({
      artifact: await claimKnownBytes({ ...deps, visibility: artifacts }, request.actor, request.body),
    }),
  );

  app.get(
    '/api/v1/artifacts/zip',
    {
      exposeHeadRoute: false, // its size is known only once it is made
      config: {
        access: { kind: 'permission', permission: 'artifacts.read', project: 'any' },
        stream: true,
      },
      schema: { summary: 'Downloads several artifacts as one zip.', querystring: ArtifactZipQuery },
    },
    async (request, reply) => {
      const { query } = request;
      const visible = access.projectsWith(request.actor, 'artifacts.read');
      const rows = await db
        .selectFrom('artifact')
        .selectAll()
        .where('deleted_at', 'is', null)
        .$if(visible !== 'all', (q) =>
          q.where((where) =>
            where('project_id', '=', where.fn.any(where.val([...(visible as readonly string[])]))),
          ),
        )
        .$if(query.ids !== undefined, (q) => q.where('id', 'in', query.ids ?? []))
        .$if(query.jobId !== undefined, (q) => q.where('job_id', '=', query.jobId ?? ''))
        .$if(query.kind !== undefined, (q) => q.where('kind', '=', query.kind ?? ''))
        .orderBy('name')
        .limit(MOST_IN_A_ZIP)
        .execute();
      const shown = await artifacts.visibleTo(request.actor, rows.map(toArtifact));
      if (shown.length === 0) throw new BacklotError(artifactErrors.nothing_to_zip);
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      return reply
        .type('application/zip')
        .header('content-disposition', contentDisposition('attachment', `${query.name ?? 'backlot'}.zip`))
        .send(zipArtifacts(shown, { get: bytes }, log, gone.signal));
    },
  );

  app.get(
    '/api/v1/artifacts/:id',
    {
      config: { access: { kind: 'permission', permission: 'artifacts.read', project: projectOf } },
      schema: { summary: 'Tells what an artifact is.', params: IdParams, response: { 200: Artifact } },
    },
    (request) => artifacts.get(request.params.id),
  );

  app.route({
    method: ['GET', 'HEAD'],
    url: '/api/v1/artifacts/:id/content',
    config: {
      access: { kind: 'permission', permission: 'artifacts.read', project: projectOf },
      stream: true,
    },
    schema: {
      summary: 'Downloads the bytes of an artifact, whole or by range.',
      params: IdParams,
      querystring: ArtifactContentQuery,
    },
    handler: async (request, reply) => {
      const artifact = await artifacts.get(request.params.id);
      return sendBlob(request, reply, { get: bytes }, { ...artifact, download: request.query.download });
    },
  });

  app.delete(
    '/api/v1/artifacts/:id',
    {
      config: { access: { kind: 'permission', permission: 'artifacts.delete', project: projectOf } },
      schema: {
        summary: 'Deletes an artifact; its bytes go later, when nothing else refers to them.',
        params: IdParams,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      const before = await artifacts.get(request.params.id);
      await store.transaction(async (tx) => {
        await artifacts.remove(tx, [before.id]);
        await audit.record(tx, {
          actor: request.actor,
          action: 'artifact.delete',
          subject: { kind: 'artifact', id: before.id },
          projectId: before.projectId,
          before,
        });
      });
      events.wake();
      return reply.code(204).send();
    },
  );

  app.post(
    '/api/v1/artifacts/:id/restore',
    {
      config: {
        access: {
          kind: 'permission',
          permission: 'artifacts.delete',
          project: (request) =>
            projectOfArtifact(db, artifacts, request.actor, (request.params as { id: string }).id, true),
        },
        audited: 'by-handler',
      },
      schema: {
        summary: 'Takes an artifact back that was deleted in the last 24 hours.',
        params: IdParams,
        response: { 200: Artifact },
      },
    },
    async (request) => {
      const { id } = request.params;
      await store.transaction((tx) => artifacts.restore(tx, [id], request.actor));
      events.wake();
      return artifacts.get(id);
    },
  );
}

/**
 * For the guard of a route: the project that an artifact belongs to; null when there is no such artifact. One that is
 * hidden from the actor is answered in the same way, before their permissions are looked at: that it exists is not said.
 */
async function projectOfArtifact(
  db: Db,
  visibility: ArtifactVisibility,
  actor: Actor,
  id: string,
  deletedToo = false,
): Promise<string | null> {
  const row = await db
    .selectFrom('artifact')
    .selectAll()
    .where('id', '=', id)
    .$if(!deletedToo, (q) => q.where('deleted_at', 'is', null))
    .executeTakeFirst();
  if (!row) return null;
  const [artifact] = await visibility.visibleTo(actor, [toArtifact(row)]);
  return artifact?.projectId ?? null;
}
