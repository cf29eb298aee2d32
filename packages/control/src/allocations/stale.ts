import type { Logger } from 'pino';
import type { Counter } from 'prom-client';
import type { Store } from '../db/database.ts';
import type { Actor, AuditLog, EventLog } from '../kernel.ts';
import type { AllocationPlace } from './rows.ts';

/** Something that a node said about work that is no longer its own. */
export interface StaleMessage {
  readonly nodeId: string;
  readonly allocation: string;
  readonly fence: number;
  readonly seq: number | null;
  /** What it was: `accept`, `running`, `ended ok`. */
  readonly said: string;
  readonly why: string;
  /** Names of outputs that were refused with it. */
  readonly outputs: readonly string[];
}

export interface StaleDeps {
  readonly store: Pick<Store, 'transaction'>;
  readonly events: EventLog;
  readonly audit: AuditLog;
  readonly log: Logger;
  readonly counter: Counter<'why'>;
}

/** A node repeats itself after each reconnect; one line in the audit for each message is enough. */
const remembered = 10_000;

/**
 * Books refused messages: counted always, and written to the events and the audit once each. A stale result is
 * never dropped silently, because somebody paid for the work behind it.
 */
export function createStaleLedger(
  deps: StaleDeps,
): (message: StaleMessage, place: AllocationPlace | undefined) => Promise<void> {
  const seen = new Set<string>();
  return async (message, place) => {
    deps.counter.inc({ why: message.why });
    const key = `${message.allocation}/${message.fence}/${message.seq}/${message.said}`;
    if (seen.has(key)) return;
    await deps.store.transaction(async (tx) => {
      const body = {
        nodeId: message.nodeId,
        fence: message.fence,
        seq: message.seq,
        said: message.said,
        why: message.why,
        outputs: message.outputs.slice(0, 20),
      };
      await deps.events.append(tx, [
        {
          projectId: place?.project_id ?? null,
          kind: 'allocation.stale',
          subject: { kind: 'allocation', id: message.allocation },
          body: { ...body, taskId: place?.task_id ?? null, jobId: place?.job_id ?? null },
        },
      ]);
      await deps.audit.record(tx, {
        actor: nodeActor(message.nodeId),
        action: 'allocation.stale',
        subject: { kind: 'allocation', id: message.allocation },
        projectId: place?.project_id ?? null,
        after: body,
      });
    });
    if (seen.size >= remembered) seen.clear();
    seen.add(key);
    deps.events.wake();
    deps.log.warn({ ...message }, 'a node reported on work that is no longer its own');
  };
}

/** A node as the one who does something, for the audit. It has no rights over people's things. */
export function nodeActor(nodeId: string): Actor {
  return { kind: 'node', id: nodeId, name: nodeId, grants: [], scopes: [], language: 'en' };
}
