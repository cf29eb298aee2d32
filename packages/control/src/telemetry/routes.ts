import { isIP } from 'node:net';
import { BacklotError, type Clock, Health, healthPhrases, kernelErrors, reason } from '@backlot/contract';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Store } from '../db/database.ts';
import type { AccessControl } from '../kernel.ts';
import type { App } from '../workload.ts';
import type { HealthBoard } from './health.ts';
import type { Metrics } from './metrics.ts';

export interface TelemetryRoutesDeps {
  readonly store: Pick<Store, 'check'>;
  readonly board: HealthBoard;
  readonly metrics: Metrics;
  readonly access: AccessControl;
  readonly clock: Clock;
  readonly version: string;
}

/** Longer than this and the database is as good as away to whoever asks. */
const databaseLimitMs = 2_000;

const Live = z.object({ status: z.literal('ok') });
const open = { access: { kind: 'public' } } as const;

export function telemetryRoutes(app: App, deps: TelemetryRoutesDeps): void {
  const { board, metrics, version } = deps;

  app.get(
    '/healthz',
    {
      config: open,
      schema: {
        summary: 'Whether the process lives and answers. Nothing else is asked.',
        response: { 200: Live },
      },
    },
    async () => ({ status: 'ok' as const }),
  );
  app.get(
    '/readyz',
    {
      config: open,
      schema: {
        summary: 'Whether requests can be served: 503 while the database is away.',
        response: { 200: Health, 503: Health },
      },
    },
    async (_request, reply) => {
      await checkDatabase(deps);
      const { status, version: is, parts } = board.read(version);
      // Strangers learn that something is wrong, not what: reasons may name addresses and paths.
      const bare = { status, version: is, parts: parts.map((part) => ({ ...part, reason: null })) };
      return await reply.code(board.ready() ? 200 : 503).send(bare);
    },
  );
  app.get(
    '/api/v1/health',
    {
      config: { access: { kind: 'signedIn' } },
      schema: {
        summary: 'Every part of the system, since when it is as it is, and why.',
        response: { 200: Health },
      },
    },
    async () => {
      await checkDatabase(deps);
      return board.read(version);
    },
  );
  app.get(
    '/metrics',
    {
      config: open,
      schema: {
        summary:
          'Metrics in the Prometheus text format: on this machine openly, from elsewhere with a token.',
        response: { 200: { description: 'Metrics.', content: { 'text/plain': { schema: z.string() } } } },
      },
    },
    async (request, reply) => {
      if (!mayScrape(request, deps.access)) throw new BacklotError(kernelErrors.unauthenticated);
      const text = await metrics.registry.metrics();
      return await reply
        .header('cache-control', 'no-store')
        .type(metrics.registry.contentType)
        .serializer((body: unknown) => String(body))
        .send(text);
    },
  );
}

/**
 * Metrics tell how much work there is and of what kind: not for strangers. A scraper beside us needs no token. It
 * asks for this machine by address; a page of somebody else's that had its name pointed at us (DNS rebinding)
 * asks for that name.
 */
function mayScrape(request: FastifyRequest, access: AccessControl): boolean {
  const { headers } = request;
  const forwarded = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;
  const local = /^(127\.|::1$|::ffff:127\.)/.test(request.socket.remoteAddress ?? '');
  const byAddress = isIP(request.hostname.replace(/^\[|\]$/g, '')) !== 0 || request.hostname === 'localhost';
  if (local && byAddress && !forwarded) return true;
  const projects = access.projectsWith(request.actor, 'nodes.read');
  return projects === 'all' || projects.length > 0;
}

/** Asks the database, and notes the answer on the board. */
export async function checkDatabase({
  store,
  board,
  clock,
}: Pick<TelemetryRoutesDeps, 'store' | 'board' | 'clock'>): Promise<void> {
  const limit = new AbortController();
  const late = clock.sleep(databaseLimitMs, limit.signal).then(() => {
    throw new Error('no answer in time');
  });
  try {
    await Promise.race([store.check(), late]);
    board.set('database', 'ok');
  } catch {
    board.set('database', 'down', reason(healthPhrases, 'health.database_away'));
  } finally {
    limit.abort();
    late.catch(() => undefined);
  }
}
