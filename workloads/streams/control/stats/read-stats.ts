import type { Db } from '@backlot/control/workload';
import { sql } from 'kysely';
import type { StatsAnswer } from '../../contract.ts';

/** What part of a session's figures is wanted. */
export interface StatsWish {
  readonly playerId?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** For each player. */
  readonly points: number;
}

type Point = StatsAnswer['players'][number]['points'][number];

/** The figures of a session's players, averaged over equal pieces of time when there are more than were asked for. */
export async function readStats(db: Db, sessionId: string, wish: StatsWish): Promise<StatsAnswer> {
  const { rows } = await sql<{ playerId: number; at: Date } & Omit<Point, 'at'>>`
    WITH wanted AS (
      SELECT *, min(at) OVER () AS first, max(at) OVER () AS last FROM streams_stat
      WHERE session_id = ${sessionId}
        AND (${wish.playerId ?? null}::bigint IS NULL OR player_id = ${wish.playerId ?? null}::bigint)
        AND (${wish.from ?? null}::timestamptz IS NULL OR at >= ${wish.from ?? null}::timestamptz)
        AND (${wish.to ?? null}::timestamptz IS NULL OR at < ${wish.to ?? null}::timestamptz)
    ), pieces AS (
      SELECT *, CASE WHEN last > first
        THEN least(${wish.points}::int - 1, floor(extract(epoch FROM at - first) / extract(epoch FROM last - first) * ${wish.points}::int))
        ELSE 0 END AS piece
      FROM wanted
    )
    SELECT player_id AS "playerId", max(at) AS at, avg(bitrate_bps)::float8 AS "bitrateBps", avg(rtt_ms)::float8 AS "rttMs",
           avg(fps)::float8 AS fps, avg(lost_fraction)::float8 AS "lostFraction", avg(jitter_ms)::float8 AS "jitterMs",
           max(width) AS width, max(height) AS height, max(frames_dropped) AS "framesDropped", bool_or(relayed) AS relayed
    FROM pieces GROUP BY player_id, piece ORDER BY player_id, 2
  `.execute(db);
  const players = Map.groupBy(rows, ({ playerId }) => String(playerId));
  return {
    players: [...players].map(([playerId, points]) => ({
      playerId,
      points: points.map(({ playerId: _id, at, ...figures }) => ({ at: at.toISOString(), ...figures })),
    })),
  };
}
