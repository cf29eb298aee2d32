import { createHash } from 'node:crypto';
import { BacklotError, FlowHookAnswer, flowErrors, kernelErrors, newId } from '@backlot/contract';
import { z } from 'zod';
import type { Db } from '../../db/schema.ts';
import type { Flows } from '../../kernel.ts';
import type { App } from '../../workload.ts';
import { flowOfToken } from '../triggers/hook-token.ts';
import { webhookTrigger } from '../triggers/kernel-triggers.ts';

export interface HookRoutesDeps {
  readonly db: Db;
  readonly start: Flows['start'];
  readonly hookKey: () => Promise<Uint8Array>;
}

/** Largest body, in bytes. */
const bodyLimit = 64 * 1024;

/**
 * The address by which other systems start a flow. Its secret is the address; nobody signs in. The body is data: it is at
 * `{{trigger.…}}` and nowhere else.
 */
export function hookRoutes(app: App, deps: HookRoutesDeps): void {
  app.post(
    '/api/v1/flow-hooks/:token',
    {
      bodyLimit,
      config: { access: { kind: 'public' }, audited: 'by-handler', secretPath: true },
      schema: {
        summary:
          'Starts the flow whose webhook this is; the JSON body is its data. The same Idempotency-Key starts one run.',
        params: z.object({ token: z.string().max(200) }),
        body: z.unknown(),
        response: { 202: FlowHookAnswer },
      },
    },
    async (request, reply) => {
      const flowId = flowOfToken(await deps.hookKey(), request.params.token);
      const flow = flowId === undefined ? undefined : await hooked(deps.db, flowId);
      // A wrong token and a removed flow look the same.
      if (!flow) {
        throw new BacklotError(kernelErrors.not_found, { params: { what: 'flow hook', id: '…' } });
      }
      const data = request.body ?? {};
      if (typeof data !== 'object' || Array.isArray(data)) throw new BacklotError(flowErrors.flow_hook_body);
      if (!flow.enabled) return reply.code(202).send({ run: null });
      const given = request.headers['idempotency-key'];
      const key =
        typeof given === 'string' && given !== ''
          ? `hook:${createHash('sha256').update(given).digest('hex')}`
          : `hook:${newId()}`;
      const { runId } = await deps.start({
        flow: { flowId: flow.id },
        key,
        ports: { data: { type: 'data', data: JSON.parse(JSON.stringify(data)) } },
        data: data as Record<string, unknown>,
      });
      return reply.code(202).send({ run: runId });
    },
  );
}

async function hooked(db: Db, flowId: string) {
  return db
    .selectFrom('flow')
    .select(['id', 'enabled'])
    .where('id', '=', flowId)
    .where('trigger_kind', '=', webhookTrigger.kind)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
}
