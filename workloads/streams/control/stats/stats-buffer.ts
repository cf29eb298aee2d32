import type { Db } from '@backlot/control/workload';
import { sql } from 'kysely';
import type { PlayerSample } from '../ports.ts';

/** A player's figures are kept at most this often, however often a browser sends them. Milliseconds. */
export const everyMs = 5_000;
/** Samples between two writes; what is over it is dropped, and the next ones tell more anyway. */
const capacity = 5_000;

interface Pending extends PlayerSample {
  readonly sessionId: string;
  readonly playerId: string;
}

/**
 * Figures of players on their way to the database: thinned out, and all of them written in one statement. They are for
 * people and may be lost.
 */
export class StatsBuffer {
  readonly #pending: Pending[] = [];
  readonly #lastAt = new Map<string, number>();
  readonly #monotonic: () => number;
  dropped = 0;

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  add(sessionId: string, playerId: string, sample: PlayerSample): void {
    const at = this.#monotonic();
    const last = this.#lastAt.get(playerId);
    // A tenth less than the interval: pages send by timers that are late.
    if (last !== undefined && at - last < everyMs * 0.9) return;
    if (this.#pending.length >= capacity) {
      this.dropped += 1;
      return;
    }
    this.#lastAt.set(playerId, at);
    this.#pending.push({ ...sample, sessionId, playerId });
  }

  forget(playerId: string): void {
    this.#lastAt.delete(playerId);
  }

  /** Writes what is there. Figures of sessions that are gone are left out. */
  async flush(db: Db): Promise<void> {
    const batch = this.#pending.splice(0);
    if (batch.length === 0) return;
    await sql`
      INSERT INTO streams_stat (session_id, player_id, bitrate_bps, rtt_ms, fps, lost_fraction, jitter_ms, width, height,
                                frames_dropped, relayed)
      SELECT r."sessionId", r."playerId", r."bitrateBps", r."rttMs", r.fps, r."lostFraction", r."jitterMs", r.width,
             r.height, r."framesDropped", r.relayed
      FROM jsonb_to_recordset(${JSON.stringify(batch)}::jsonb) AS r(
        "sessionId" uuid, "playerId" bigint, "bitrateBps" real, "rttMs" real, fps real, "lostFraction" real,
        "jitterMs" real, width int, height int, "framesDropped" int, relayed boolean)
      JOIN streams_session s ON s.id = r."sessionId"
    `.execute(db);
  }
}
