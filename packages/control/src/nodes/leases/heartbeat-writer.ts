import type { NodeLoad } from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Db } from '../../db/schema.ts';

interface Beat {
  readonly epoch: number;
  readonly load: NodeLoad | undefined;
}

export interface HeartbeatWriterOptions {
  /** The connection that doesn't wait for the disk: a heartbeat lost in a crash is replaced by the next one. */
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly flushMs: number;
  readonly leaseMs: number;
  /** The lease of these nodes is good for `leaseMs` from now. */
  renewed(nodeIds: readonly string[]): void;
  /** The database doesn't take these for ready nodes of that epoch: they were given up meanwhile. */
  refused(nodes: readonly { readonly nodeId: string; readonly epoch: number }[]): void;
}

/**
 * Collects heartbeats and writes them in one statement: a fleet of thousands costs four statements a second. While
 * the database is away only the newest of each node is kept.
 */
export class HeartbeatWriter {
  readonly #options: HeartbeatWriterOptions;
  #beats = new Map<string, Beat>();
  #cancel: (() => void) | undefined;
  #flushing: Promise<void> | undefined;
  #closed = false;

  constructor(options: HeartbeatWriterOptions) {
    this.#options = options;
  }

  record(nodeId: string, epoch: number, load: NodeLoad | undefined): void {
    if (this.#closed) return;
    // A heartbeat without load must not drop one that has it and is still waiting.
    const waiting = this.#beats.get(nodeId);
    this.#beats.set(nodeId, { epoch, load: load ?? (waiting?.epoch === epoch ? waiting.load : undefined) });
    this.#schedule();
  }

  /** Writes what is left. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#flushing;
    await this.#flush();
  }

  #schedule(): void {
    if (this.#cancel || this.#flushing) return;
    this.#cancel = this.#options.clock.after(this.#options.flushMs, () => {
      this.#cancel = undefined;
      this.#flushing = this.#flush().finally(() => {
        this.#flushing = undefined;
        if (this.#beats.size > 0 && !this.#closed) this.#schedule();
      });
    });
  }

  async #flush(): Promise<void> {
    const beats = this.#beats;
    if (beats.size === 0) return;
    this.#beats = new Map();
    try {
      const renewed = await this.#write(beats);
      this.#options.renewed(renewed);
      const known = new Set(renewed);
      const refused = [...beats].filter(([nodeId]) => !known.has(nodeId));
      if (refused.length > 0) {
        this.#options.refused(refused.map(([nodeId, { epoch }]) => ({ nodeId, epoch })));
      }
    } catch (error) {
      this.#options.log.warn({ err: error, heartbeats: beats.size }, 'heartbeats could not be written');
      for (const [nodeId, beat] of beats) if (!this.#beats.has(nodeId)) this.#beats.set(nodeId, beat);
    }
  }

  async #write(beats: ReadonlyMap<string, Beat>): Promise<string[]> {
    const ids = [...beats.keys()];
    const epochs = [...beats.values()].map((beat) => beat.epoch);
    const loads = [...beats.values()].map((beat) => (beat.load ? JSON.stringify(beat.load) : null));
    const { rows } = await sql<{ node_id: string }>`
      UPDATE node_lease l
      SET lease_until = now() + make_interval(secs => ${this.#options.leaseMs / 1000}),
          seen_at = now(),
          load = COALESCE(beat.load, l.load)
      FROM unnest(${ids}::uuid[], ${epochs}::int[], ${loads}::jsonb[]) AS beat(node_id, epoch, load)
      JOIN node n ON n.id = beat.node_id AND n.epoch = beat.epoch AND n.state = 'ready'
      WHERE l.node_id = beat.node_id
      RETURNING l.node_id
    `.execute(this.#options.db);
    return rows.map((row) => row.node_id);
  }
}
