import { Problem } from '@backlot/contract';
import * as accessApi from '@backlot/contract/api/access';
import * as artifactsApi from '@backlot/contract/api/artifacts';
import * as eventsApi from '@backlot/contract/api/events';
import * as jobsApi from '@backlot/contract/api/jobs';
import * as nodesApi from '@backlot/contract/api/nodes';
import * as overviewApi from '@backlot/contract/api/overview';
import * as settingsApi from '@backlot/contract/api/settings';
import swagger, { type SwaggerTransform } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifySchema, RouteOptions } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { App, RouteAccess } from '../workload.ts';
import { tidyOpenApi } from './openapi-tidy.ts';
import { withWords } from './openapi-words.ts';
import { referencePolicy } from './security-headers.ts';

/**
 * Every named schema of the API, so that the document says `Job` and not its forty fields at each use. Parameters
 * of paths and queries are not among them: OpenAPI wants each by itself.
 */
const components = z.registry<{ id?: string; examples?: unknown[] }>();
for (const area of [accessApi, artifactsApi, eventsApi, jobsApi, nodesApi, overviewApi, settingsApi]) {
  for (const [name, schema] of Object.entries(area)) {
    if (schema instanceof z.ZodType && !/(Query|Params)$/.test(name)) components.add(schema, { id: name });
  }
}
components.add(Problem, {
  id: 'Problem',
  examples: [
    {
      type: 'urn:backlot:error:forbidden',
      title: 'This needs the permission jobs.submit.',
      status: 403,
      detail: 'This needs the permission jobs.submit. Ask an administrator of the project for it.',
      code: 'forbidden',
      retryable: false,
      params: { permission: 'jobs.submit' },
      requestId: '019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071',
    },
  ],
});

const conversion = { schemaRegistry: components, zodToJsonConfig: { override: withWords } };
const withComponents = createJsonSchemaTransformObject(conversion);
const toJsonSchema = createJsonSchemaTransform(conversion);

/** Error answers that a route can give by what it is, besides those that anything can (`default`). */
function problemResponses(access: RouteAccess | undefined, url: string): Record<string, string> {
  const guarded = access !== undefined && access.kind !== 'public';
  return {
    '400': 'The request does not fit; `pointer` and `issues` say where.',
    ...(guarded ? { '401': 'Not signed in, or the session or token has ended.' } : {}),
    ...(access?.kind === 'permission' ? { '403': `The permission ${access.permission} is missing.` } : {}),
    ...(url.includes('/:') ? { '404': 'There is no such thing, or it may not be seen.' } : {}),
    '429': 'Too many requests; `Retry-After` says when to come back.',
    default: 'Any other error. Every one is a problem document (RFC 9457) with a stable `code`.',
  };
}

function security(access: RouteAccess | undefined): Record<string, string[]>[] {
  if (access === undefined || access.kind === 'public') return [];
  if (access.kind === 'allocation') return [{ allocation: [] }];
  const scopes = access.kind === 'permission' ? [access.permission] : [];
  return [{ token: scopes }, { session: [] }];
}

/** The area of a route, for grouping: `/api/v1/jobs/:id` is in `jobs`. */
export function tagOf(url: string): string {
  const [first = 'system', second, third] = url.split('/').filter(Boolean);
  if (first !== 'api') return 'system';
  return second === 'v1' ? (third ?? 'system') : 'compatibility';
}

/** A name for generated clients: `GET /api/v1/jobs/:id/tasks` is `getJobsByIdTasks`. */
export function operationId(method: string, url: string): string {
  const words = url
    .replace(/^\/api\/v1\//, '')
    .split('/')
    .filter(Boolean)
    .map((segment) => (segment.startsWith(':') ? `by-${segment.slice(1)}` : segment))
    .flatMap((segment) => segment.split(/[^A-Za-z0-9]+/))
    .filter(Boolean);
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

interface Described extends FastifySchema {
  response?: Record<string, unknown>;
  headers?: Record<string, unknown>;
}

/** Adds to a route's schema what follows from its configuration, so that nobody has to write it by hand. */
const describe: SwaggerTransform = (document) => {
  const { route, url } = document;
  const access = route.config?.access;
  const given = (document.schema ?? {}) as Described;
  const method = [route.method].flat()[0] ?? 'GET';
  const problem = (description: string) => ({
    description,
    content: { 'application/problem+json': { schema: Problem } },
  });
  const responses = Object.fromEntries(
    Object.entries(problemResponses(access, url)).map(([status, words]) => [status, problem(words)]),
  );
  const schema = {
    tags: [tagOf(url)],
    operationId: operationId(method, url),
    security: security(access),
    ...given,
    response: { ...responses, ...given.response },
  };
  const transformed = toJsonSchema({ ...document, schema });
  const result = transformed.schema as Described;
  return { url: transformed.url, schema: { ...result, ...describedHeaders(route, result) } };
};

function describedHeaders(route: RouteOptions, schema: Described): Pick<Described, 'headers'> {
  if (![route.method].flat().includes('POST') || route.config?.access?.kind === 'allocation') return {};
  const properties = {
    'idempotency-key': {
      type: 'string',
      maxLength: 200,
      description: 'The same key with the same request is answered with the first answer; kept for a day.',
    },
  };
  const given = schema.headers as { properties?: Record<string, unknown> } | undefined;
  return { headers: { type: 'object', ...given, properties: { ...properties, ...given?.properties } } };
}

/**
 * Serves the API's description (OpenAPI 3.1) at `/api/openapi.json` and its reference at `/api/docs`, all from
 * here: the reference works without a way to the outside. Register it before the routes.
 */
export async function registerOpenApi(
  app: App,
  about: { readonly version: string; readonly publicUrl: () => string },
): Promise<void> {
  await app.register(swagger, {
    convertConstToEnum: false,
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Backlot',
        version: about.version,
        description: description.trim(),
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/', description: 'This installation' }],
      components: {
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            description: 'An API token (`blt_…`), made under Access or with `POST /api/v1/tokens`.',
          },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: 'backlot_session',
            description: 'A signed-in browser. Changes also need `X-CSRF-Token` and a same-origin `Origin`.',
          },
          allocation: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: 'The token of one allocation, given to its node and to nobody else.',
          },
        },
      },
    },
    transform: describe,
    transformObject: (document) => tidyOpenApi(withComponents(document) as Parameters<typeof tidyOpenApi>[0]),
  });
  await app.register(async (scope) => {
    // The plugin registers its pages without saying who may read them.
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: { kind: 'public' } };
    });
    await scope.register(swaggerUi, {
      routePrefix: '/api/docs',
      staticCSP: referencePolicy,
      theme: { title: 'Backlot API' },
      uiConfig: {
        deepLinking: true,
        validatorUrl: null,
        tryItOutEnabled: false,
        persistAuthorization: false,
      },
    });
  });
  app.get(
    '/api/openapi.json',
    { config: { access: { kind: 'public' } }, schema: { hide: true } },
    async (_request, reply) =>
      reply.type('application/json; charset=utf-8').send(JSON.stringify(app.swagger())),
  );
}

const description = `
One control plane, one agent on every machine, and every kind of work on the same fleet.

* **Errors** are problem documents (RFC 9457, \`application/problem+json\`) with a stable \`code\`, a sentence that says
  what to do in the language of \`Accept-Language\` (en, zh-CN), and \`retryable\`.
* **Lists** are paged: pass \`next\` of one page as \`cursor\` of the next.
* **Creates** take an \`Idempotency-Key\`.
* **Events** stream from \`/api/v1/events/stream\` (server-sent events, resumed by \`Last-Event-ID\`).
* **Uploads** are tus 1.0 at \`/api/v1/uploads\`.
* **Webhooks** are signed after the Standard Webhooks specification.
`;
