import type { Clock, Id, NodeMessages } from '@backlot/contract';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Db } from '../db/schema.ts';
import type { EventLog } from '../kernel.ts';

export interface ProgressDeps {
  /** Connections that don't wait for the disk: progress is for people and may be lost. */
  readonly relaxed: Db;
  readonly events: EventLog;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Progress on its way to the database. */
export interface ProgressBuffer {
  add(nodeId: Id, message: NodeMessages['progress']): void;
  /** Writes what is there. Used by the timer, and by tests. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Milliseconds between two writes, however many nodes report however often. */
const intervalMs = 1_000;
/** Allocations whose progress is kept between two writes; what is over it is simply told again later. */
const capacity = 20_000;

/**
 * Collects progress and writes the last word of each allocation once a second, all in one statement. Pages hear of
 * it when it is written, so that what they are told is known to belong to an attempt that still counts.
 */
export function createProgressBuffer(deps: ProgressDeps): ProgressBuffer {
  const latest = new Map<string, { nodeId: Id; message: NodeMessages['progress'] }>();
  let cancel: (() => void) | undefined;
  let writing: Promise<void> = Promise.resolve();
  let closed = false;

  const flush = async (): Promise<void> => {
    const batch = [...latest.values()];
    latest.clear();
    if (batch.length === 0) return;
    const rows = JSON.stringify(
      batch.map(({ nodeId, message }) => ({
        id: message.allocation,
        node_id: nodeId,
        fence: message.fence,
        progress: message.progress,
      })),
    );
    // SKIP LOCKED: a task that is just being moved has more important news, and nobody waits for anybody.
    const written = await sql<{ id: Id; job_id: Id | null; project_id: Id; progress: unknown }>`
      WITH news AS MATERIALIZED (
        SELECT a.task_id, n.progress
        FROM jsonb_to_recordset(${rows}::jsonb) AS n(id uuid, node_id uuid, fence int8, progress jsonb)
        JOIN allocation a ON a.id = n.id AND a.fence = n.fence AND a.node_id = n.node_id AND a.state <> 'ended'
      ), locked AS MATERIALIZED (
        SELECT t.id FROM task t JOIN news ON news.task_id = t.id FOR NO KEY UPDATE OF t SKIP LOCKED
      )
      UPDATE task t SET progress = news.progress FROM locked JOIN news ON news.task_id = locked.id
      WHERE t.id = locked.id AND t.state IN ('placed', 'running', 'frozen')
      RETURNING t.id, t.job_id, t.project_id, t.progress
    `.execute(deps.relaxed);
    for (const row of written.rows) {
      deps.events.live(
        {
          kind: 'task.progress',
          subject: { kind: 'task', id: row.id },
          body: { ...(row.progress as Record<string, unknown>), jobId: row.job_id },
        },
        row.project_id,
      );
    }
  };

  const schedule = (): void => {
    if (cancel || closed) return;
    cancel = deps.clock.after(intervalMs, () => {
      cancel = undefined;
      writing = flush().catch((error: unknown) => deps.log.debug({ err: error }, 'progress not written'));
    });
  };

  return {
    add(nodeId, message) {
      if (closed || (latest.size >= capacity && !latest.has(message.allocation))) return;
      latest.set(message.allocation, { nodeId, message });
      schedule();
    },
    flush,
    async close() {
      closed = true;
      cancel?.();
      await writing;
    },
  };
}
