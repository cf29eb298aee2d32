import { BacklotError } from '@backlot/contract';
import { sql } from 'kysely';
import { InstanceFacts, instanceCalls, ResetAnswer, type ResetCall } from '../../contract.ts';
import { type Change, now, runChange } from '../change.ts';
import type { Ground } from '../ground.ts';
import { matchWaiting } from '../sessions/match.ts';
import { type InstanceRow, tables } from '../tables.ts';
import { stopInstance } from './end-instance.ts';
import { atSessionEnd, wornOut } from './recycle.ts';

/** Added to a hook's deadline for the way to the node and back. Milliseconds. */
const onTheWayMs = 2_000;

/**
 * The second half of a session's end: its instance is made fresh and goes back into the pool, or is stopped. Repeating
 * it is harmless.
 */
export async function letGo(ground: Ground, sessionId: string): Promise<void> {
  const { kernel } = ground;
  const { id: instanceId } = (await tables(kernel.db)
    .selectFrom('streams_instance')
    .select('id')
    .where('session_id', '=', sessionId)
    .executeTakeFirst()) ?? { id: null };
  await runChange(kernel, async (change) => {
    // The instance first: the order of locks.
    const instance = await readWorn(change, instanceId);
    if (instance?.state !== 'assigned' || instance.session_id !== sessionId) {
      await change.moveSession(sessionId, 'ended', { ended_at: now });
      return;
    }
    const { recipe } = instance;
    const boundary = atSessionEnd({
      resettable: recipe.reset.kind !== 'none',
      trial: instance.trial,
      connected: instance.streamer_at !== null,
      retiring:
        instance.retire === null ? null : { why: instance.retire, params: instance.retire_params ?? {} },
      worn: wornOut(
        {
          ageSeconds: instance.age,
          sessions: instance.sessions,
          facts: InstanceFacts.safeParse(instance.facts).data ?? null,
        },
        recipe.recycle,
      ),
    });
    if (boundary.kind === 'stop') {
      // Ends the session, too: its instance is gone.
      await stopInstance(ground, change, instance.id, boundary.why.why, boundary.why.params);
      return;
    }
    const hook = recipe.reset;
    const deadlineMs = hook.kind === 'none' ? 0 : hook.deadlineMs;
    const resetting = await change.moveInstance(instance.id, 'resetting', {
      reset_until: sql`now() + ${deadlineMs + 2 * onTheWayMs}::float8 * interval '1 millisecond'`,
      ...(boundary.retire
        ? { retire: boundary.retire.why, retire_params: JSON.stringify(boundary.retire.params) }
        : {}),
    });
    if (!resetting) return;
    await change.moveSession(sessionId, 'resetting');
    change.after(() => {
      void resetInstance(ground, resetting, sessionId, deadlineMs).catch((error: unknown) =>
        kernel.log.error({ err: error, instance: resetting.id }, 'the end of a reset could not be written'),
      );
    });
  });
}

/** An instance under its lock, with what decides about its wear. */
export async function readWorn(change: Change, instanceId: string | null) {
  if (instanceId === null) return undefined;
  return change.db
    .selectFrom('streams_instance as i')
    .innerJoin('streams_app_version as v', (join) =>
      join.onRef('v.app_id', '=', 'i.app_id').onRef('v.version', '=', 'i.version'),
    )
    .selectAll('i')
    .select([
      'v.recipe',
      sql<number>`extract(epoch FROM now() - coalesce(i.started_at, i.requested_at))::float8`.as('age'),
      sql<unknown>`(SELECT t.progress->'detail' FROM task t WHERE t.job_id = i.job_id LIMIT 1)`.as('facts'),
    ])
    .where('i.id', '=', instanceId)
    .forNoKeyUpdate('i')
    .executeTakeFirst();
}

/** Has the node run the hook, and writes down what came of it. */
async function resetInstance(
  ground: Ground,
  instance: InstanceRow,
  sessionId: string,
  deadlineMs: number,
): Promise<void> {
  const { kernel } = ground;
  const answer = await askForReset(ground, instance, deadlineMs);
  await runChange(kernel, async (change) => {
    if (answer.ok) {
      const free = await change.moveInstance(
        instance.id,
        'ready',
        { session_id: null, reset_until: null, free_since: now },
        { only: ['resetting'], body: { resetMs: Math.round(answer.ms) } },
      );
      if (free) await change.moveSession(sessionId, 'ended', { ended_at: now });
    } else {
      kernel.log.warn({ instance: instance.id, detail: answer.detail }, 'a reset was not acknowledged');
      await stopInstance(ground, change, instance.id, 'reset-failed', { detail: answer.detail });
    }
  });
  if (answer.ok) await matchWaiting(ground, instance.app_id);
  ground.keeper.wake(instance.app_id);
}

async function askForReset(
  ground: Ground,
  instance: InstanceRow,
  deadlineMs: number,
): Promise<{ readonly ok: true; readonly ms: number } | { readonly ok: false; readonly detail: string }> {
  const { kernel } = ground;
  if (instance.node_id === null || instance.allocation_id === null) return { ok: false, detail: 'no node' };
  try {
    const payload: ResetCall = { playerUrl: await serviceUrl(ground, instance, 'reset'), deadlineMs };
    const answer = ResetAnswer.parse(
      await kernel.nodes.call(instance.node_id, {
        allocation: instance.allocation_id,
        method: instanceCalls.reset,
        payload,
        deadlineMs: deadlineMs + onTheWayMs,
      }),
    );
    return answer.ok ? answer : { ok: false, detail: answer.reason.message };
  } catch (error) {
    return { ok: false, detail: error instanceof BacklotError ? error.message : 'the node gave no answer' };
  }
}

/** The address at which a peer of our own reaches an instance, for two minutes. */
export async function serviceUrl(
  ground: Ground,
  instance: Pick<InstanceRow, 'id' | 'app_id'>,
  purpose: 'reset' | 'thumbnail',
): Promise<string> {
  const { kernel, tickets } = ground;
  const app = await tables(kernel.db)
    .selectFrom('streams_app')
    .select('slug')
    .where('id', '=', instance.app_id)
    .executeTakeFirstOrThrow();
  const exp = Math.floor(kernel.clock.now() / 1_000) + 120;
  const ticket = await tickets.service({ sub: instance.id, purpose, exp });
  return `${kernel.publicUrl().replace(/^http/, 'ws')}/signal/player/${app.slug}?ticket=${ticket}`;
}
