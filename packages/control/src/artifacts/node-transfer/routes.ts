import {
  artifactErrors,
  BacklotError,
  Digest,
  Id,
  LogProgress,
  OutputName,
  OutputProgress,
  OutputQuery,
} from '@backlot/contract';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { sql } from 'kysely';
import { z } from 'zod';
import type { BlobStore } from '../../kernel.ts';
import type { App } from '../../workload.ts';
import type { ArtifactSettings, ArtifactsDependencies } from '../dependencies.ts';
import { sendBlob } from '../download/send-blob.ts';
import type { SpaceGuard } from '../space-guard.ts';
import { provenAllocation } from './allocation-of-request.ts';
import { keepLogPiece } from './log-chunks.ts';
import { Outputs } from './outputs.ts';

/** Largest piece of log in one request. */
const LARGEST_LOG_PIECE = 1024 * 1024;

const InputParams = z.object({ id: Id, digest: Digest });
const OutputParams = z.object({ id: Id, '*': OutputName });
const LogParams = z.object({
  id: Id,
  stream: z.enum(['stdout', 'stderr']),
  position: z.coerce.number().int().nonnegative(),
});

/** What nodes fetch and bring under the token of one allocation: inputs, outputs, logs. */
export function nodeTransferRoutes(
  app: App,
  deps: ArtifactsDependencies & { readonly bytes: BlobStore['get'] },
  settings: ArtifactSettings,
  space: SpaceGuard,
): void {
  const { store, blobs, bytes } = deps;
  const outputs = new Outputs({
    db: store.db,
    blobs,
    space,
    largestFile: settings.largestFile,
    reserve: settings.reserve,
  });
  const access = { kind: 'allocation' } as const;
  // Bytes on their way are no change yet; the report that makes artifacts of them is.
  const audited = 'by-handler' as const;

  app.route({
    method: ['GET', 'HEAD'],
    url: '/api/v1/node/allocations/:id/inputs/:digest',
    config: { access, stream: true },
    schema: {
      summary: 'Fetches an input of an allocation’s task, whole or by range.',
      params: InputParams,
    },
    handler: async (request, reply) => {
      const { id } = provenAllocation(request);
      const { digest } = request.params;
      const { rows } = await sql<{ size: number }>`
        SELECT (input ->> 'size')::bigint AS size
        FROM allocation JOIN task ON task.id = allocation.task_id,
          jsonb_array_elements(task.spec -> 'inputs') AS input
        WHERE allocation.id = ${id} AND input ->> 'digest' = ${digest}
        LIMIT 1
      `.execute(store.db);
      const size = rows[0]?.size;
      if (size === undefined) throw new BacklotError(artifactErrors.blob_missing, { params: { digest } });
      const mediaType = 'application/octet-stream';
      return sendBlob(
        request,
        reply,
        { get: bytes },
        { digest, size, name: digest, mediaType, download: true },
      );
    },
  });

  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // The bytes stay in the socket until they are written to their place.
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));

    const typed = scope.withTypeProvider<ZodTypeProvider>();
    typed.route({
      method: 'HEAD',
      url: '/api/v1/node/allocations/:id/outputs/*',
      config: { access },
      schema: {
        summary: 'Tells how far the upload of an output has come.',
        params: OutputParams,
        querystring: OutputQuery,
      },
      handler: async (request, reply) => {
        const { '*': name } = request.params;
        const { size, sha256: digest } = request.query;
        const progress = await outputs.progress(provenAllocation(request), { name, size, digest });
        return reply
          .header('upload-offset', String(progress.received))
          .header('upload-complete', progress.complete ? '?1' : '?0')
          .send();
      },
    });

    typed.put(
      '/api/v1/node/allocations/:id/outputs/*',
      {
        config: { access, audited, stream: true },
        schema: {
          summary: 'Brings bytes of an output; the last ones complete it.',
          params: OutputParams,
          querystring: OutputQuery,
          response: { 200: OutputProgress },
        },
      },
      async (request, reply) => {
        const { '*': name } = request.params;
        const { offset, size, sha256: digest } = request.query;
        try {
          return await outputs.receive(
            provenAllocation(request),
            { name, size, digest },
            offset,
            request.raw,
          );
        } catch (error) {
          // The rest of a refused body must not be taken for the next request.
          if (!request.raw.readableEnded) reply.header('connection', 'close');
          throw error;
        }
      },
    );
  });

  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      '*',
      { parseAs: 'buffer', bodyLimit: LARGEST_LOG_PIECE },
      (_request, body, done) => done(null, body),
    );
    scope.withTypeProvider<ZodTypeProvider>().put(
      '/api/v1/node/allocations/:id/logs/:stream/:position',
      {
        config: { access, audited },
        bodyLimit: LARGEST_LOG_PIECE,
        schema: {
          summary: 'Brings a piece of what an allocation’s process has printed.',
          params: LogParams,
          response: { 200: LogProgress },
        },
      },
      async (request) => {
        const { id } = provenAllocation(request);
        const { stream, position } = request.params;
        const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        await space.require(bytes.byteLength);
        const log = { db: store.db, blobs, largestLog: settings.largestLog };
        return keepLogPiece(log, id, stream, position, bytes);
      },
    );
  });
}
