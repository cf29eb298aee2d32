import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable } from 'node:stream';
import { artifactErrors, BacklotError, kernelErrors, newId } from '@backlot/contract';
import { Server } from '@tus/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Actor } from '../../kernel.ts';
import type { App, RouteAccess } from '../../workload.ts';
import type { ArtifactSettings, ArtifactsDependencies } from '../dependencies.ts';
import type { SpaceGuard } from '../space-guard.ts';
import { projectOfMetadata, readMetadata, TusStore } from './tus-store.ts';

const PATH = '/api/v1/uploads';
const VERSION = '1.0.0';

/** One request on its way through the tus server, which knows neither our actors nor our errors. */
interface Passage {
  readonly actor: Actor;
  error?: unknown;
}

/**
 * Uploads by tus 1.0 (https://tus.io/protocols/resumable-upload) with the extensions creation,
 * creation-with-upload, expiration and termination. The protocol is the tus server's; who may, what is kept, and
 * how errors look is ours.
 */
export function uploadRoutes(
  app: App,
  deps: ArtifactsDependencies,
  settings: ArtifactSettings,
  space: SpaceGuard,
): void {
  const passages = new AsyncLocalStorage<Passage>();
  const store = new TusStore(deps, settings, space, () => {
    const passage = passages.getStore();
    if (!passage) throw new Error('An upload is touched outside of a request.');
    return passage.actor;
  });
  const tus = new Server({
    path: PATH,
    datastore: store,
    relativeLocation: true,
    maxSize: settings.largestFile,
    disableTerminationForFinishedUploads: true,
    namingFunction: () => newId(),
    // Pages of other origins have no business here; ours and programs need no CORS headers.
    allowedOrigins: [],
    onUploadCreate: async (_request, upload) => {
      readMetadata(upload.metadata);
      if (upload.size === undefined) throw sizeUnknown();
      return {};
    },
    onResponseError: async (_request, error) => {
      const passage = passages.getStore();
      if (passage) passage.error = error;
      return undefined;
    },
  });

  async function handle(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    if (request.method !== 'OPTIONS' && request.headers['tus-resumable'] !== VERSION) {
      reply.header('tus-version', VERSION).header('connection', 'close');
      throw new BacklotError(artifactErrors.tus_version_unknown, { params: { version: VERSION } });
    }
    const passage: Passage = { actor: request.actor };
    const answer = await passages.run(passage, () => tus.handleWeb(toWebRequest(request)));
    for (const [name, value] of answer.headers) reply.header(name, value);
    if (passage.error !== undefined || answer.status >= 400) {
      // The rest of a refused body must not be taken for the next request.
      if (!request.raw.readableEnded) reply.header('connection', 'close');
      reply.removeHeader('content-length');
      throw toTypedError(
        passage.error ?? { status_code: answer.status, body: await answer.text() },
        settings,
      );
    }
    // tus answers are all about their headers; none of those that succeed has a body.
    return reply.code(answer.status).send();
  }

  const ofUpload: RouteAccess = {
    kind: 'permission',
    permission: 'artifacts.write',
    project: async (request) => {
      const { id } = request.params as { id: string };
      const row = await deps.store.db
        .selectFrom('upload')
        .select('project_id')
        .where('id', '=', id)
        .executeTakeFirst();
      return row?.project_id ?? null;
    },
  };
  const ofMetadata: RouteAccess = {
    kind: 'permission',
    permission: 'artifacts.write',
    project: (request) => projectOfMetadata(request.headers['upload-metadata']),
  };
  const params = z.object({ id: z.uuid() });
  // The artifact that an upload becomes is audited by whoever makes it; a piece of one is no change worth a row.
  const audited = 'by-handler' as const;

  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // The bytes stay in the socket until the tus server takes them.
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));

    scope.route({
      method: 'OPTIONS',
      url: PATH,
      config: { access: { kind: 'public' } },
      schema: { summary: 'Tells which version and extensions of tus are spoken.' },
      handler: handle,
    });
    scope.route({
      method: 'POST',
      url: PATH,
      config: { access: ofMetadata, audited },
      schema: {
        summary: 'Starts an upload by tus; Upload-Metadata says filename, project, sha256 and filetype.',
      },
      handler: handle,
    });
    scope.route({
      method: 'HEAD',
      url: `${PATH}/:id`,
      config: { access: ofUpload },
      schema: { summary: 'Tells how many bytes of an upload have arrived.', params },
      handler: handle,
    });
    scope.route({
      method: 'PATCH',
      url: `${PATH}/:id`,
      config: { access: ofUpload, audited },
      schema: { summary: 'Brings the next bytes of an upload; the last ones make it an artifact.', params },
      handler: handle,
    });
    scope.route({
      method: 'DELETE',
      url: `${PATH}/:id`,
      config: { access: ofUpload },
      schema: { summary: 'Gives an unfinished upload up.', params },
      handler: handle,
    });
  });
}

/** The request as the tus server takes it. Its body is the socket's stream itself. */
function toWebRequest(request: FastifyRequest): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const withBody = request.method === 'POST' || request.method === 'PATCH';
  return new Request(`http://localhost${request.url}`, {
    method: request.method,
    headers,
    ...(withBody ? { body: Readable.toWeb(request.raw) as ReadableStream<Uint8Array>, duplex: 'half' } : {}),
  });
}

function sizeUnknown(): BacklotError {
  return new BacklotError(artifactErrors.upload_metadata_invalid, {
    params: { reason: 'Upload-Length: the size must be known when the upload starts' },
  });
}

/** What the tus server refuses, as an error of our catalogue. */
function toTypedError(error: unknown, settings: ArtifactSettings): unknown {
  if (error instanceof BacklotError) return error;
  if (typeof error !== 'object' || error === null || !('status_code' in error)) return error;
  const reason = 'body' in error ? String(error.body).trim() : '';
  switch (error.status_code) {
    case 404:
    case 410:
      return new BacklotError(artifactErrors.upload_gone);
    case 409:
      return new BacklotError(artifactErrors.upload_offset_mismatch, {
        params: { expected: 'another', found: 'the one sent' },
      });
    case 413:
      return new BacklotError(artifactErrors.upload_too_large, {
        params: { size: 'more', limit: settings.largestFile },
      });
    case 415:
      return new BacklotError(kernelErrors.unsupported_media_type, { params: { type: reason } });
    case 501: // it speaks no extension for sizes that are told later
      return sizeUnknown();
    case 400:
    case 403:
      return new BacklotError(artifactErrors.upload_metadata_invalid, { params: { reason } });
    default:
      return error;
  }
}
