import type { Failure, PhraseParams } from '@backlot/contract';
import { systemActor } from '@backlot/control/workload';
import { type InstanceEnd, instanceEndReason, type SessionEnd } from '../../contract.ts';
import { type Change, now } from '../change.ts';
import type { Ground } from '../ground.ts';
import { beginEnd } from '../sessions/end-session.ts';
import type { InstanceRow } from '../tables.ts';
import { bookEnd } from './failures.ts';
import { keepLogEnd } from './keep-log-end.ts';

/** What the end of an instance means for somebody who sees its picture. */
const seenAs: Partial<Record<InstanceEnd, SessionEnd>> = {
  'no-picture': 'no-picture',
  'node-lost': 'node-lost',
  exited: 'closed',
  stopped: 'kicked',
  drained: 'kicked',
  disabled: 'disabled',
  removed: 'disabled',
};

/**
 * Tells an instance to end. Its session, if it has one, is over or gets another instance; nobody new gets this one. The
 * instance is ended when its node has reported so. False when it is ending already.
 */
export async function stopInstance(
  ground: Ground,
  change: Change,
  id: string,
  why: InstanceEnd,
  params: PhraseParams = {},
): Promise<boolean> {
  const row = await change.moveInstance(
    id,
    'stopping',
    {
      end_reason: why,
      end_params: JSON.stringify(params),
      session_id: null,
      reset_until: null,
    },
    { body: { reason: why } },
  );
  if (!row) return false;
  await bookEnd(change, row, why, instanceEndReason(why, params));
  await releaseSession(ground, change, row, why);
  afterEnd(ground, change, row);
  return true;
}

/** Writes down that an instance is over, as its node (or the loss of it) says. */
export async function instanceIsOver(
  ground: Ground,
  change: Change,
  id: string,
  found: { readonly why: InstanceEnd; readonly params?: PhraseParams; readonly failure: Failure | null },
): Promise<void> {
  const before = await change.db
    .selectFrom('streams_instance')
    .selectAll()
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (!before || before.state === 'ended') return;
  // What was asked for first stays the reason; a crash on the way out is none.
  const why = before.end_reason ?? found.why;
  const params = before.end_reason === null ? (found.params ?? {}) : (before.end_params ?? {});
  const row = await change.moveInstance(id, 'ended', {
    ended_at: now,
    session_id: null,
    streamer_at: null,
    reset_until: null,
    end_reason: why,
    end_params: JSON.stringify(params),
    ...(found.failure ? { failure: JSON.stringify(found.failure) } : {}),
  });
  if (!row) return;
  if (before.end_reason === null)
    await bookEnd(change, row, why, found.failure?.reason ?? instanceEndReason(why, params));
  await releaseSession(ground, change, row, why);
  change.after(() => ground.keeper.wake(row.app_id));
  change.after(() => ground.words.say({ kind: 'instance-over', instanceId: id }));
}

/** The session of an instance that ends: over for whoever saw its picture, back into the queue for whoever did not. */
async function releaseSession(
  ground: Ground,
  change: Change,
  row: InstanceRow,
  why: InstanceEnd,
): Promise<void> {
  const session = await change.db
    .selectFrom('streams_session')
    .selectAll()
    .where('instance_id', '=', row.id)
    .where('state', '<>', 'ended')
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (!session) {
    await failTrial(ground, change, row, why);
    return;
  }
  if (session.state === 'ending' || session.state === 'resetting') {
    await change.moveSession(session.id, 'ended', { ended_at: now });
    return;
  }
  const trialFailed = session.trial_version !== null && why !== 'node-lost';
  if (session.state === 'ready' && !trialFailed && why !== 'no-picture' && why !== 'stopped') {
    await change.moveSession(
      session.id,
      'waiting',
      { instance_id: null, version: null, ready_at: null },
      { why },
    );
    change.after(() =>
      ground.words.say({ kind: 'notify', sessionId: session.id, update: { kind: 'unready' } }),
    );
    change.after(() => ground.keeper.wake(row.app_id));
    return;
  }
  await beginEnd(ground, change, session, { reason: seenAs[why] ?? 'crashed', by: null });
  await change.moveSession(session.id, 'ended', { ended_at: now });
}

/**
 * The session that still waits for an instance which was to be its alone: it is over when that one has failed, for the
 * next would fail as well, and nobody would hold it back. A lost or emptied node says nothing of the version.
 */
async function failTrial(ground: Ground, change: Change, row: InstanceRow, why: InstanceEnd): Promise<void> {
  if (!row.trial || row.last_session_id === null || why === 'node-lost' || why === 'drained') return;
  const session = await change.db
    .selectFrom('streams_session')
    .selectAll()
    .where('id', '=', row.last_session_id)
    .where('state', '=', 'waiting')
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (session) await beginEnd(ground, change, session, { reason: seenAs[why] ?? 'crashed', by: null });
}

function afterEnd(ground: Ground, change: Change, row: InstanceRow): void {
  const { kernel, keeper } = ground;
  change.after(() => {
    keeper.wake(row.app_id);
    // The ticker repeats it for rows that are still stopping.
    void keepLogEnd(ground, row)
      .then(() => kernel.jobs.setIntent(row.job_id, 'cancel', systemActor))
      .catch((error: unknown) =>
        kernel.log.warn({ err: error, instance: row.id }, 'an instance could not be stopped'),
      );
  });
}
