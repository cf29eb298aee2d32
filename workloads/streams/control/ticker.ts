import { sql } from 'kysely';
import type { InstanceEnd, SessionLimits, SessionState } from '../contract.ts';
import { now, runChange } from './change.ts';
import type { Ground } from './ground.ts';
import { type InstanceTimes, instanceDue, streamerGraceS } from './instances/due.ts';
import { stopInstance } from './instances/end-instance.ts';
import { followJob } from './instances/follow-job.ts';
import { appsToKeep } from './instances/keeper.ts';
import { type SessionDue, type SessionTimes, sessionDue } from './sessions/due.ts';
import { endSession, finishEnds } from './sessions/end-session.ts';
import { tellQueue } from './sessions/tell-waiting.ts';
import { sweepStuck, sweepUnknown } from './sweep.ts';

const everyMs = 1_000;
/** The queue's times are told again after so many turns, and what events may have missed is looked for. */
const slowTurns = 5;
/** Old figures and used tickets are removed after so many turns. */
const cleaningTurns = 600;
/** Seconds within which pages find back to a control plane that was started anew: their pauses grow to half of it. */
const comeBackS = 15;
/** Days that figures of players are kept. */
export const statsDays = 7;
/** Days that ended sessions and instances are kept. */
export const historyDays = 90;

/**
 * What time brings: limits of sessions, time-outs of instances, the queue's clock, and repair of what was missed. All
 * times are the database's; each thing that is due is done in a transaction that looks again, so that two replicas may
 * both find it.
 */
export class Ticker {
  readonly #ground: Ground;
  #turn = 0;
  #cancel: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  start(): void {
    this.#cancel = this.#ground.kernel.clock.after(everyMs, () => {
      this.#running = this.tick()
        .catch((error: unknown) => this.#ground.kernel.log.warn({ err: error }, 'a tick of streams failed'))
        .finally(() => {
          if (!this.#closed) this.start();
        });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#running;
    await this.#ground.stats.flush(this.#ground.kernel.db).catch(() => undefined);
  }

  /** One turn; public for tests. */
  async tick(): Promise<void> {
    const ground = this.#ground;
    this.#turn += 1;
    await attempt(ground, 'signs of life', () => flushActivity(ground));
    await attempt(ground, 'sessions', () => sessionsDue(ground));
    await attempt(ground, 'instances', () => instancesDue(ground));
    if (this.#turn % slowTurns === 1) {
      await attempt(ground, 'figures', () => ground.stats.flush(ground.kernel.db));
      await attempt(ground, 'ends', () => finishEnds(ground));
      await attempt(ground, 'presence', () => whoIsHere(ground));
      await attempt(ground, 'stuck jobs', () => sweepStuck(ground));
      await attempt(ground, 'moved jobs', () =>
        sweepUnknown(ground, (jobId) => attempt(ground, `job ${jobId}`, () => followJob(ground, jobId))),
      );
      await attempt(ground, 'apps', () => keepApps(ground));
    }
    if (this.#turn % cleaningTurns === 1) await attempt(ground, 'cleaning', () => clean(ground));
  }
}

/** One step, or one row of it. What fails is said, and keeps nothing else from being done; the next turn tries again. */
async function attempt(ground: Ground, step: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    ground.kernel.log.warn({ err: error, step }, 'a step of a tick of streams failed');
  }
}

async function keepApps(ground: Ground): Promise<void> {
  for (const appId of await appsToKeep(ground)) {
    ground.keeper.wake(appId);
    await attempt(ground, `app ${appId}`, () => tellQueue(ground, appId, true));
  }
}

/** Signs of life since the last turn, in one statement. Before the first picture there is nothing to be idle in front of. */
async function flushActivity(ground: Ground): Promise<void> {
  const ids = ground.hub.takeActive();
  if (ids.length === 0) return;
  await sql`
    UPDATE streams_session SET activity_at = now() WHERE id = ANY(${ids}::uuid[]) AND state IN ('active', 'idle')
  `.execute(ground.kernel.db);
}

type SessionRow = SessionTimes & { readonly id: string; readonly limits: SessionLimits };

async function sessionsDue(ground: Ground): Promise<void> {
  const { rows } = await sql<SessionRow>`
    WITH app AS MATERIALIZED (
      -- Settings may hold a logo: they are opened once for each app, not for each session.
      SELECT id, settings->'limits' AS limits FROM streams_app
      WHERE id IN (SELECT app_id FROM streams_session WHERE state <> 'ended')
    )
    SELECT s.id, s.state, s.warned, s.extensions, a.limits,
           extract(epoch FROM now() - s.requested_at)::float8 AS "sinceRequested",
           extract(epoch FROM now() - s.ready_at)::float8 AS "sinceReady",
           extract(epoch FROM now() - s.activity_at)::float8 AS "sinceActivity",
           extract(epoch FROM now() - s.away_since)::float8 AS away
    FROM streams_session s JOIN app a ON a.id = s.app_id
    WHERE s.state IN ('waiting', 'ready', 'active', 'idle')
  `.execute(ground.kernel.db);
  for (const row of rows) {
    const due = sessionDue(row, row.limits);
    if (due)
      await attempt(ground, `session ${row.id}`, () => actOn(ground, row.id, row.state, due, row.limits));
  }
}

async function actOn(
  ground: Ground,
  id: string,
  state: SessionState,
  due: NonNullable<SessionDue>,
  limits: SessionLimits,
): Promise<void> {
  if (due.kind === 'end') {
    await endSession(ground, id, { reason: due.reason, by: null });
    return;
  }
  const warned = due.kind === 'warn' ? due.why : null;
  const done = await runChange(ground.kernel, async (change) => {
    const row = await change.db
      .updateTable('streams_session')
      .set({ warned })
      .where('id', '=', id)
      .where('state', '=', state)
      .where('warned', 'is distinct from', warned)
      .returning('id')
      .executeTakeFirst();
    if (!row) return false;
    if (due.kind === 'warn') {
      change.note(id, 'warning', { why: due.why, endsIn: Math.round(due.endsIn) });
      if (due.why === 'idle') await change.moveSession(id, 'idle', {}, { limit: limits.idleSeconds });
    } else if (state === 'idle') {
      await change.moveSession(id, 'active');
    }
    return true;
  });
  if (!done) return;
  const update =
    due.kind === 'warn'
      ? ({ kind: 'warning', why: due.why, endsInMs: Math.round(due.endsIn * 1_000) } as const)
      : ({ kind: 'warning', why: 'idle', endsInMs: null } as const);
  ground.words.say({ kind: 'notify', sessionId: id, update });
}

type InstanceRow = InstanceTimes & { readonly id: string };

async function instancesDue(ground: Ground): Promise<void> {
  const { rows } = await sql<InstanceRow>`
    SELECT i.id, i.state,
           extract(epoch FROM now() - i.started_at)::float8 AS "sinceStarted",
           CASE WHEN i.streamer_at IS NULL THEN extract(epoch FROM now() - i.streamer_gone_at)::float8 END AS "streamerGone",
           CASE WHEN s.state = 'ready' AND s.away_since IS NULL
             -- Since then or since its viewer is back: a picture that nobody could have seen is not missed.
             THEN extract(epoch FROM now() - greatest(s.ready_at, s.activity_at))::float8 END AS "withoutPicture",
           i.state = 'assigned' AND i.streamer_at IS NULL AND EXISTS (
             SELECT 1 FROM streams_stat f WHERE f.session_id = i.session_id AND f.fps = 0
               AND f.at > now() - interval '20 seconds'
           ) AND NOT EXISTS (
             SELECT 1 FROM streams_stat f WHERE f.session_id = i.session_id AND f.fps > 0
               AND f.at > now() - ${streamerGraceS}::int * interval '1 second'
           ) AS "pictureStands",
           extract(epoch FROM i.reset_until - now())::float8 AS "resetLeft",
           (v.recipe->>'startTimeoutSeconds')::float8 AS "startTimeout",
           (v.recipe->>'pictureTimeoutSeconds')::float8 AS "pictureTimeout"
    FROM streams_instance i
    JOIN streams_app_version v ON v.app_id = i.app_id AND v.version = i.version
    LEFT JOIN streams_session s ON s.id = i.session_id
    WHERE i.state IN ('starting', 'ready', 'assigned', 'resetting')
  `.execute(ground.kernel.db);
  for (const row of rows) {
    const why = instanceDue(row);
    if (why)
      await attempt(ground, `instance ${row.id}`, () =>
        runChange(ground.kernel, (change) => stopInstance(ground, change, row.id, why, paramsOf(why, row))),
      );
  }
}

function paramsOf(why: InstanceEnd, row: InstanceRow) {
  if (why === 'never-connected') return { seconds: row.startTimeout };
  if (why === 'no-picture') return { seconds: row.pictureTimeout };
  if (why === 'reset-failed') return { detail: 'no answer in time' };
  return {};
}

/** Takes away what nobody asks for any more, in pieces. */
async function clean({ kernel: { db } }: Ground): Promise<void> {
  await sql`DELETE FROM streams_stat WHERE at < now() - ${statsDays}::int * interval '1 day'`.execute(db);
  await sql`DELETE FROM streams_ticket_use WHERE expires_at < now() - interval '1 day'`.execute(db);
  for (const table of ['streams_session', 'streams_instance']) {
    await sql`
      DELETE FROM ${sql.table(table)} WHERE id IN (
        SELECT id FROM ${sql.table(table)} WHERE ended_at < now() - ${historyDays}::int * interval '1 day' LIMIT 10000)
    `.execute(db);
  }
}

/**
 * Says once more who is connected to this process, where the rows say otherwise: another process has started meanwhile
 * and called everybody away, or a write was lost.
 */
async function whoIsHere({ kernel: { db }, hub, streamers }: Ground): Promise<void> {
  const { players, sessions } = hub.everybody();
  if (streamers.size > 0)
    await sql`
      UPDATE streams_instance SET streamer_at = now(), streamer_gone_at = NULL
      WHERE id = ANY(${streamers.ids()}::uuid[]) AND streamer_at IS NULL AND state NOT IN ('stopping', 'ended')
    `.execute(db);
  if (players.length === 0) return;
  await sql`
    UPDATE streams_player SET connected = true
    WHERE id = ANY(${players}::bigint[]) AND NOT connected AND left_at IS NULL
  `.execute(db);
  await sql`
    UPDATE streams_session s SET away_since = NULL
    WHERE s.id = ANY(${sessions}::uuid[]) AND s.away_since IS NOT NULL AND s.state <> 'ended'
      AND s.controller = ANY(${players}::bigint[])
  `.execute(db);
}

/**
 * After a start: nobody is connected to this process, whatever the rows say. Streamers and players come back; the time
 * that an app gives them for it begins when their pages have had the chance to.
 */
export async function nobodyIsHere(ground: Ground): Promise<void> {
  await runChange(ground.kernel, async (change) => {
    await change.db
      .updateTable('streams_instance')
      .set({ streamer_at: null, streamer_gone_at: now })
      .where('state', '<>', 'ended')
      .where('streamer_at', 'is not', null)
      .execute();
    await change.db
      .updateTable('streams_player')
      .set({ connected: false })
      .where('connected', '=', true)
      .execute();
    await change.db
      .updateTable('streams_session')
      .set({ away_since: sql`now() + ${comeBackS}::int * interval '1 second'` })
      .where('state', 'in', ['waiting', 'ready', 'active', 'idle'])
      .where('away_since', 'is', null)
      .execute();
  });
}
