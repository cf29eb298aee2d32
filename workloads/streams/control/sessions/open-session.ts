import { BacklotError, newId } from '@backlot/contract';
import { sql } from 'kysely';
import { type PlayerClaims, type SessionState, streamErrors } from '../../contract.ts';
import { type Change, now } from '../change.ts';
import { releaseOf } from '../instances/keeper.ts';
import type { PlayerArrival } from '../ports.ts';
import { type AppRow, tables } from '../tables.ts';

/** What came of an arrival. */
export interface Opened {
  readonly sessionId: string;
  readonly playerId: string;
  readonly state: SessionState;
  readonly instanceId: string | null;
}

/**
 * Opens a session. With a free instance it is taken in the same statement; otherwise the session waits. This is the hot
 * path: one statement finds, takes and writes, and one more tells (events and timeline go with it).
 *
 * Whoever arrives never passes by somebody who waits: while there is one who is not away, a free instance is theirs, and
 * the newcomer waits behind them until the keeper, which is woken by every arrival, gives out what is left.
 *
 * @throws queue_full, address_full, app_crash_loop, app_without_version, app_disabled, ticket_used
 */
export async function openSession(
  change: Change,
  app: AppRow,
  arrival: PlayerArrival,
  claims: PlayerClaims | null,
  sessionId = newId(),
): Promise<Opened> {
  const subject = claims?.sub ?? '';
  const trial = claims?.version ?? null;
  if (claims === null) await mayOpenFrom(change, app, arrival.address);
  if (claims?.once) await spendTicket(change, claims, sessionId);
  const { rows } = await sql<{
    state: SessionState;
    instance_id: string | null;
    version: number | null;
    node_id: string | null;
    player_id: number;
    waiting: number;
    free: number;
  }>`
    WITH open AS MATERIALIZED (
      SELECT id FROM streams_app WHERE id = ${app.id} AND enabled AND deleted_at IS NULL
    ), free AS MATERIALIZED (
      SELECT i.id FROM streams_instance i, open
      WHERE i.app_id = ${app.id} AND i.state = 'ready' AND i.streamer_at IS NOT NULL AND NOT i.trial
        AND coalesce(i.retire NOT IN ('drained', 'stopped'), true)
        AND ${trial}::int IS NULL
        AND NOT EXISTS (
          SELECT 1 FROM streams_session w
          WHERE w.app_id = ${app.id} AND w.state = 'waiting' AND w.away_since IS NULL AND w.trial_version IS NULL)
      ORDER BY (i.retire IS NOT NULL), i.ready_at LIMIT 1 FOR NO KEY UPDATE OF i SKIP LOCKED
    ), taken AS (
      UPDATE streams_instance i SET state = 'assigned', session_id = ${sessionId}, last_session_id = ${sessionId},
             sessions = i.sessions + 1, free_since = NULL
      FROM free WHERE i.id = free.id RETURNING i.id, i.version, i.node_id
    ), number AS MATERIALIZED (SELECT nextval('streams_player_number') AS id FROM open
    ), opened AS (
      INSERT INTO streams_session (id, app_id, project_id, state, trial_version, version, instance_id, subject,
                                   controller, extensions, ready_at)
      SELECT ${sessionId}, ${app.id}, ${app.project_id}, CASE WHEN t.id IS NULL THEN 'waiting' ELSE 'ready' END, ${trial},
             t.version, t.id, ${subject}, n.id, ${arrival.extensions}, CASE WHEN t.id IS NULL THEN NULL ELSE now() END
      FROM number n LEFT JOIN taken t ON true RETURNING state, instance_id, version
    ), player AS (
      INSERT INTO streams_player (id, session_id, role, may_control, extensions, subject, address, user_agent)
      SELECT n.id, ${sessionId}, 'controller', true, ${arrival.extensions}, ${subject}, ${arrival.address},
             ${arrival.userAgent}
      FROM number n
    )
    SELECT o.state, o.instance_id, o.version, (SELECT node_id FROM taken) AS node_id, n.id AS player_id,
           CASE WHEN o.instance_id IS NULL THEN
             (SELECT count(*)::int FROM streams_session w WHERE w.app_id = ${app.id} AND w.state = 'waiting')
           ELSE 0 END AS waiting,
           CASE WHEN o.instance_id IS NULL AND ${trial}::int IS NULL THEN
             (SELECT count(*)::int FROM streams_instance f
              WHERE f.app_id = ${app.id} AND f.state = 'ready' AND f.streamer_at IS NOT NULL AND NOT f.trial
                AND coalesce(f.retire NOT IN ('drained', 'stopped'), true))
           ELSE 0 END AS free
    FROM opened o, number n
  `.execute(change.tx);
  const [row] = rows;
  if (!row) throw new BacklotError(streamErrors.app_disabled, { params: { app: app.settings.name } });
  if (row.instance_id === null) await mayWait(change, app, row, trial);
  const session = {
    id: sessionId,
    app_id: app.id,
    project_id: app.project_id,
    subject,
    instance_id: row.instance_id,
    end_reason: null,
    end_by: null,
  };
  change.tellSession({ ...session, state: 'requested' });
  change.tellSession({ ...session, state: row.state });
  return { sessionId, playerId: String(row.player_id), state: row.state, instanceId: row.instance_id };
}

/**
 * Whether somebody who got no instance may wait for one. Free ones that belong to those in front, or that another
 * transaction just holds, are given out in a moment: so many more may wait than the queue is long.
 */
async function mayWait(
  change: Change,
  app: AppRow,
  { waiting, free }: { readonly waiting: number; readonly free: number },
  trial: number | null,
): Promise<void> {
  const name = { app: app.settings.name };
  if (waiting >= app.settings.limits.queueLength + free)
    throw new BacklotError(streamErrors.queue_full, { params: name, retryAfterS: 30 });
  if (trial !== null) return;
  const release = releaseOf(app);
  if (release.active === null) throw new BacklotError(streamErrors.app_without_version, { params: name });
  const { rows } = await sql<{ hopeful: boolean }>`
    SELECT EXISTS (
      SELECT 1 FROM streams_app_version WHERE app_id = ${app.id} AND blocked_at IS NULL
        AND version = ANY(${[release.active, ...(release.canary ? [release.canary.version] : [])]}::int[])
    ) OR EXISTS (
      SELECT 1 FROM streams_instance WHERE app_id = ${app.id} AND NOT trial AND state NOT IN ('stopping', 'ended')
    ) AS hopeful
  `.execute(change.tx);
  if (!rows[0]?.hopeful)
    throw new BacklotError(streamErrors.app_crash_loop, { params: name, retryAfterS: 60 });
}

/**
 * Whether one more session may be opened from an address by somebody without a ticket. Those of one address come one after the
 * other here, so that many at once are not counted before any of them is there.
 */
async function mayOpenFrom(change: Change, app: AppRow, address: string | null): Promise<void> {
  const limit = app.settings.limits.perAddress;
  if (limit === 0 || address === null) return;
  await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`streams.address ${app.id} ${address}`}, 0))`.execute(
    change.tx,
  );
  const { rows } = await sql<{ open: number }>`
    SELECT count(*)::int AS open FROM streams_session s JOIN streams_player p ON p.id = s.controller
    WHERE s.app_id = ${app.id} AND s.state <> 'ended' AND s.subject = '' AND p.address = ${address}
  `.execute(change.tx);
  if ((rows[0]?.open ?? 0) < limit) return;
  throw new BacklotError(streamErrors.address_full, {
    params: { app: app.settings.name, limit },
    retryAfterS: 30,
  });
}

/** A ticket for one session is used up by opening it. @throws ticket_used */
async function spendTicket(change: Change, claims: PlayerClaims, sessionId: string): Promise<void> {
  const used = await tables(change.tx)
    .insertInto('streams_ticket_use')
    .values({ jti: claims.jti, session_id: sessionId, expires_at: new Date(claims.exp * 1_000) })
    .onConflict((conflict) => conflict.column('jti').doNothing())
    .returning('jti')
    .executeTakeFirst();
  if (!used) throw new BacklotError(streamErrors.ticket_used);
}

/** Somebody joins a session to watch, or a second time under a ticket for it. @throws session_over, session_full */
export async function joinSession(
  change: Change,
  app: AppRow,
  sessionId: string,
  arrival: PlayerArrival,
  claims: PlayerClaims | null,
) {
  const session = await change.db
    .selectFrom('streams_session')
    .selectAll()
    .where('id', '=', sessionId)
    .where('app_id', '=', app.id)
    .where('state', 'in', ['waiting', 'ready', 'active', 'idle'])
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (!session) throw new BacklotError(streamErrors.session_over);
  if (claims?.once) await spendTicket(change, claims, sessionId);
  const controllerHere = await change.db
    .selectFrom('streams_player')
    .select(['id', 'role', 'left_at'])
    .where('session_id', '=', sessionId)
    .where('left_at', 'is', null)
    .execute();
  const limit = app.settings.limits.viewers;
  const watching = controllerHere.filter(({ role }) => role === 'viewer').length;
  // Only a ticket that says so makes a controller, and only while nobody is.
  const mayControl = claims?.role === 'controller';
  const role =
    mayControl && arrival.role !== 'viewer' && !controllerHere.some((player) => player.role === 'controller')
      ? ('controller' as const)
      : ('viewer' as const);
  if (role === 'viewer' && watching >= limit)
    throw new BacklotError(streamErrors.session_full, { params: { limit } });
  const subject = claims?.sub ?? '';
  const player = await change.db
    .insertInto('streams_player')
    .values({
      session_id: sessionId,
      role,
      may_control: mayControl,
      extensions: arrival.extensions,
      subject,
      address: arrival.address,
      user_agent: arrival.userAgent,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  if (role === 'controller')
    await change.db
      .updateTable('streams_session')
      .set({ controller: player.id, extensions: arrival.extensions, away_since: null, activity_at: now })
      .where('id', '=', sessionId)
      .execute();
  change.note(sessionId, 'joined', { playerId: String(player.id), role, subject });
  return { session, playerId: String(player.id), role };
}

/** A player whose connection broke is back. @throws session_over, player_unknown */
export async function comeBack(
  change: Change,
  app: AppRow,
  sessionId: string,
  playerId: string,
  { extensions }: Pick<PlayerArrival, 'extensions'>,
) {
  const session = await change.db
    .selectFrom('streams_session')
    .selectAll()
    .where('id', '=', sessionId)
    .where('app_id', '=', app.id)
    .where('state', 'in', ['waiting', 'ready', 'active', 'idle'])
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (!session) throw new BacklotError(streamErrors.session_over);
  const player = await change.db
    .updateTable('streams_player')
    .set({ connected: true, extensions })
    .where('id', '=', Number(playerId))
    .where('session_id', '=', sessionId)
    .where('left_at', 'is', null)
    .returning(['id', 'role', 'subject'])
    .executeTakeFirst();
  if (!player) throw new BacklotError(streamErrors.player_unknown);
  if (player.role === 'controller')
    await change.db
      .updateTable('streams_session')
      .set({ extensions, away_since: null, activity_at: now })
      .where('id', '=', sessionId)
      .execute();
  change.note(sessionId, 'back', { playerId });
  return { session, role: player.role, subject: player.subject };
}
