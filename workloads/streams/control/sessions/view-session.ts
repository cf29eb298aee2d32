import type { Db } from '@backlot/control/workload';
import { type RawBuilder, sql } from 'kysely';
import { type Session, type SessionDetail, sessionEndReason } from '../../contract.ts';
import { type PlayerRow, type SessionRow, tables } from '../tables.ts';
import { readPace, readWaiting } from './tell-waiting.ts';

type Row = SessionRow & {
  readonly slug: string;
  readonly app_name: string;
  readonly node_id: string | null;
  readonly node_name: string | null;
  /** From 1. */
  readonly place: number | null;
  readonly waited_ms: number;
};

/** Sessions as people see them, newest first. @param where a condition on `s` */
export async function readSessions(db: Db, where: RawBuilder<unknown>, limit: number): Promise<Session[]> {
  const { rows } = await sql<Row>`
    SELECT s.*, a.slug, a.settings->>'name' AS app_name, i.node_id, n.name AS node_name,
           extract(epoch FROM now() - s.requested_at)::float8 * 1000 AS waited_ms,
           CASE WHEN s.state = 'waiting' THEN (
             SELECT count(*)::int + 1 FROM streams_session w
             WHERE w.app_id = s.app_id AND w.state = 'waiting' AND (w.requested_at, w.id) < (s.requested_at, s.id)
           ) END AS place
    FROM (SELECT * FROM streams_session s WHERE ${where} ORDER BY s.id DESC LIMIT ${limit}) s
    JOIN streams_app a ON a.id = s.app_id
    LEFT JOIN streams_instance i ON i.id = s.instance_id
    LEFT JOIN node n ON n.id = i.node_id
    ORDER BY s.id DESC
  `.execute(db);
  if (rows.length === 0) return [];
  const players = await tables(db)
    .selectFrom('streams_player')
    .selectAll()
    .where(
      'session_id',
      'in',
      rows.map(({ id }) => id),
    )
    .orderBy('id')
    .execute();
  const estimates = await readEstimates(db, rows);
  const ofSession = Map.groupBy(players, ({ session_id }) => session_id);
  return rows.map((row) => viewSession(row, ofSession.get(row.id) ?? [], estimates.get(row.id) ?? null));
}

/** How long each that waits still has to, as its page is told. */
async function readEstimates(db: Db, rows: readonly Row[]): Promise<Map<string, number>> {
  const estimates = new Map<string, number>();
  for (const appId of new Set(rows.flatMap((row) => (row.state === 'waiting' ? [row.app_id] : [])))) {
    const { startMs } = await readPace(db, appId);
    for (const [id, update] of await readWaiting(db, appId)) {
      const value = update.kind === 'queued' ? update.estimateMs : startMs;
      if (value !== null) estimates.set(id, value);
    }
  }
  return estimates;
}

function viewSession(row: Row, players: readonly PlayerRow[], estimateMs: number | null): Session {
  return {
    id: row.id,
    appId: row.app_id,
    app: row.slug,
    appName: row.app_name,
    projectId: row.project_id,
    version: row.version,
    state: row.state,
    instanceId: row.instance_id,
    nodeId: row.node_id,
    nodeName: row.node_name,
    subject: row.subject,
    controller: row.controller === null ? null : String(row.controller),
    players: players.map((player) => ({
      id: String(player.id),
      role: player.role,
      subject: player.subject,
      address: player.address,
      connected: player.connected,
      joinedAt: player.joined_at.toISOString(),
      leftAt: player.left_at?.toISOString() ?? null,
    })),
    queue:
      row.place === null ? null : { position: row.place, waitedMs: Math.round(row.waited_ms), estimateMs },
    awaySince: row.away_since?.toISOString() ?? null,
    end:
      row.end_reason === null
        ? null
        : { reason: row.end_reason, sentence: sessionEndReason(row.end_reason), by: row.end_by },
    requestedAt: row.requested_at.toISOString(),
    readyAt: row.ready_at?.toISOString() ?? null,
    activeAt: row.active_at?.toISOString() ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
  };
}

/** One session with its history; undefined when there is none. */
export async function readSession(db: Db, id: string): Promise<SessionDetail | undefined> {
  const [session] = await readSessions(db, sql`s.id = ${id}`, 1);
  if (!session) return undefined;
  const lines = await tables(db)
    .selectFrom('streams_timeline')
    .select(['at', 'what', 'detail'])
    .where('session_id', '=', id)
    .orderBy('seq')
    .limit(1_000)
    .execute();
  return { ...session, timeline: lines.map((line) => ({ ...line, at: line.at.toISOString() })) };
}
