import { STATUS_CODES } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  BacklotError,
  type Clock,
  httpErrors,
  kernelErrors,
  newId,
  noTracer,
  type Tracer,
  toProblem,
} from '@backlot/contract';
import cookie from '@fastify/cookie';
import Fastify, { LogController } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Logger } from 'pino';
import type { Authenticator } from '../access/authentication.ts';
import type { Store } from '../db/database.ts';
import type { AccessControl, AuditLog, Kernel } from '../kernel.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { App } from '../workload.ts';
import { auditChanges } from './audit-guard.ts';
import { authenticate, checkCsrf, limitRoute } from './authenticate.ts';
import { registerConsole } from './console-files.ts';
import { collectRoutes, guardEarly, guardLate, type RegisteredRoute } from './guard.ts';
import { beginIdempotent, endIdempotent } from './idempotency.ts';
import { observeRequest } from './observe.ts';
import { registerOpenApi } from './openapi.ts';
import { problemType, routeNotFound, sendProblem, toBacklotError } from './problems.ts';
import { RateLimiter } from './rate-limiter.ts';
import { beginContext, resumeContext } from './request-context.ts';
import './route-config.ts';
import { securityHeaders, setSecurityHeaders } from './security-headers.ts';
import { Connections, closeWithin, LongAnswers, ownStreams } from './shutdown.ts';
import { SocketRoutes } from './sockets.ts';
import { resumeTrace, traceRequest } from './trace.ts';
import { findUnstorable } from './well-formed.ts';

export interface HttpServerOptions {
  readonly store: Store;
  readonly access: AccessControl;
  readonly audit: AuditLog;
  readonly authenticator: Authenticator;
  /** Asked for at each request, because the kernel is complete only after the server was made. */
  readonly kernel: () => Kernel;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
  /** Makes a span of every request; none unless given. */
  readonly tracer?: Tracer | undefined;
  readonly version: string;
  /** The address by which browsers reach this installation, without a trailing slash. */
  readonly publicUrl: () => string;
  /** The folder of the built console; without it only the API is served. */
  readonly consoleDir?: string | undefined;
  /** Addresses of proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies?: readonly string[] | undefined;
}

export interface HttpServer {
  readonly app: App;
  readonly sockets: SocketRoutes;
  readonly longAnswers: LongAnswers;
  readonly limiter: RateLimiter;
  /** Every route with who may use it. Complete once `ready` has resolved. */
  routes(): RegisteredRoute[];
  /** Checks that every route says who may use it, and closes the list of routes. */
  ready(): Promise<void>;
  /** @throws address_in_use, address_not_allowed */
  listen(host: string, port: number): Promise<{ host: string; port: number }>;
  /** Ends streams and sockets, lets requests finish, and cuts what is left after the grace. */
  close(graceMs: number): Promise<void>;
}

/** Larger bodies belong into an upload. Routes that take bytes set their own limit. */
const bodyLimit = 1024 * 1024;
/** A connection on which nothing moves for so long is dead. Streams say something every 15 s. */
const idleMs = 120_000;

/**
 * The HTTP server: one Fastify with the hooks that hold for every route. Their order is the order in which a
 * request is judged: limits, who it is, whether it comes from our page, whether it may, whether it fits.
 */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { store, access, audit, metrics, clock, log, publicUrl } = options;
  const secure = () => publicUrl().startsWith('https:');
  const publicOrigin = () => new URL(publicUrl()).origin;
  const limiter = new RateLimiter(clock);
  const longAnswers = new LongAnswers();
  const sockets = new SocketRoutes({ log, publicOrigin });
  let closing = false;

  const app: App = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit,
    connectionTimeout: idleMs,
    keepAliveTimeout: 72_000,
    requestTimeout: 0, // Uploads take as long as they take; a stalled one falls to connectionTimeout.
    http: { headersTimeout: 20_000, maxHeaderSize: 16 * 1024 },
    // Closing answers are ours as well; see the first hook.
    return503OnClosing: false,
    forceCloseConnections: false,
    routerOptions: { maxParamLength: 500, ignoreTrailingSlash: true },
    trustProxy:
      options.trustedProxies && options.trustedProxies.length > 0 ? [...options.trustedProxies] : false,
    requestIdHeader: false,
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given) ? given : newId();
    },
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    frameworkErrors: (error, request, reply) => {
      reply.headers(headers);
      sendProblem(request, reply, toBacklotError(error, request));
    },
    clientErrorHandler: answerBrokenRequest,
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);

  const connections = new Connections(app.server);
  const headers = securityHeaders(secure());
  const routes = collectRoutes(app);
  // Fastify wants the names of decorations before the first request; their values come from the first hooks.
  for (const name of ['context', 'identity', 'actor', 'allocation', 'idempotency', 'span']) {
    app.decorateRequest(name, undefined);
  }
  await app.register(cookie);

  app.addHook('onRequest', beginContext);
  app.addHook('onRequest', traceRequest(options.tracer ?? noTracer));
  app.addHook('onRequest', setSecurityHeaders(headers));
  app.addHook('onRequest', observeRequest(metrics, log));
  app.addHook('onRequest', (_request, reply, next) => {
    if (!closing) return next();
    reply.header('connection', 'close');
    next(new BacklotError(httpErrors.shutting_down, { retryAfterS: 2 }));
  });
  app.addHook('onRequest', limitRoute(limiter));
  app.addHook(
    'onRequest',
    authenticate({ authenticator: options.authenticator, limiter, secure, publicOrigin }),
  );
  app.addHook('onRequest', checkCsrf({ publicOrigin }));
  app.addHook('onRequest', guardEarly({ access, kernel: options.kernel }));
  app.addHook('preValidation', resumeContext);
  app.addHook('preValidation', resumeTrace);
  app.addHook('preValidation', refuseUnstorable);
  app.addHook('preHandler', guardLate({ access, kernel: options.kernel }));
  app.addHook('preHandler', beginIdempotent(store.db));
  app.addHook('onSend', auditChanges(store, audit));
  app.addHook('onSend', endIdempotent(store.db, log));
  app.addHook('onSend', ownStreams(longAnswers));

  app.setErrorHandler((thrown, request, reply) => {
    const error = toBacklotError(thrown, request);
    metrics.httpErrors.inc({ code: error.code });
    if (error.kind === kernelErrors.internal) request.log.error({ err: thrown }, 'a request failed');
    else if (error.kind.status >= 500) request.log.warn({ err: thrown }, error.message);
    return sendProblem(request, reply, error);
  });
  app.setNotFoundHandler((request, reply) => {
    metrics.httpErrors.inc({ code: 'route_not_found' });
    return sendProblem(request, reply, routeNotFound(request));
  });

  await registerOpenApi(app, { version: options.version, publicUrl });
  if (options.consoleDir !== undefined) await registerConsole(app, options.consoleDir, clock);
  app.server.on('upgrade', (request, socket, head) => sockets.upgrade(request, socket, head));

  return {
    app,
    sockets,
    longAnswers,
    limiter,
    routes,

    async ready() {
      await app.ready();
      routes();
    },

    async listen(host, port) {
      // By name Fastify opens two servers, for both families, and sockets reach only the first.
      const address = host === 'localhost' ? '127.0.0.1' : host;
      try {
        await app.listen({ host: address, port });
      } catch (error) {
        throw listenError(error, address, port);
      }
      const bound = app.server.address() as AddressInfo;
      return { host: bound.address, port: bound.port };
    },

    async close(graceMs) {
      closing = true;
      longAnswers.endAll();
      const grace = new AbortController();
      const cut = clock.sleep(graceMs / 2, grace.signal).catch(() => undefined);
      await sockets.close(cut);
      grace.abort();
      await closeWithin(connections, () => app.close(), graceMs / 2, clock);
    },
  };
}

/** The address that people type: loopback for a server that listens everywhere. */
export function addressToVisit(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${isIPv6(name) ? `[${name}]` : name}:${port}`;
}

async function refuseUnstorable(request: {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}): Promise<void> {
  for (const [part, value] of [
    ['params', request.params],
    ['query', request.query],
    ['body', request.body],
  ] as const) {
    const place = findUnstorable(value, part);
    if (place === undefined) continue;
    throw new BacklotError(httpErrors.unstorable_text, {
      params: { place: place.slice(0, 200) },
      pointer: place,
    });
  }
}

function listenError(error: unknown, host: string, port: number): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (error.code === 'EADDRINUSE') {
    return new BacklotError(httpErrors.address_in_use, { params: { host, port }, cause: error });
  }
  const reasons = ['EACCES', 'EADDRNOTAVAIL', 'ENOTFOUND', 'EINVAL'];
  if (!reasons.includes(String(error.code))) return error;
  return new BacklotError(httpErrors.address_not_allowed, {
    params: { host, port, reason: String(error.code) },
    cause: error,
  });
}

/** Answers bytes that are no HTTP request at all: there is no request object yet, only the socket. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const problem = toProblem(new BacklotError(httpErrors.malformed_address), 'en', newId());
  const body = JSON.stringify({ ...problem, status });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: ${problemType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
