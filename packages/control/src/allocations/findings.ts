import { type FactDraft, type Findings, factBodyLimit, type Id, type ReportAck } from '@backlot/contract';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Store } from '../db/database.ts';
import type { Tx } from '../db/schema.ts';
import type { Artifacts, EventDraft, EventLog } from '../kernel.ts';
import { createBatcher } from '../tasks/batcher.ts';

export interface FindingsDeps {
  readonly store: Pick<Store, 'transaction'>;
  readonly artifacts: Pick<Artifacts, 'commitHeld'>;
  readonly events: EventLog;
  readonly log: Logger;
}

interface Arrived {
  readonly nodeId: Id;
  readonly message: Findings;
}

/** Whose findings they are, as far as anybody still knows. */
export interface Finder {
  readonly id: Id;
  readonly fence: number;
  readonly node_id: Id;
  readonly task_id: Id;
  readonly job_id: Id | null;
  readonly project_id: Id;
  readonly kind: string;
  readonly open: boolean;
}

/** Many channels find something at once; each transaction takes what has come while the one before was written. */
const groupCommit = { most: 200, lanes: 2 };

/**
 * Takes in what allocations have found: outputs that stay on their node, and facts. Exactly once, by (task, name) and
 * (allocation, key), in one transaction, and whatever has become of the allocation: that its place was given away makes
 * its bytes no less true. Nothing is locked that a report or a placement waits for.
 */
export function createFindings(deps: FindingsDeps): (nodeId: Id, message: Findings) => Promise<ReportAck> {
  const taking = createBatcher<Arrived, ReportAck['verdict']>({
    ...groupCommit,
    together: (items) => takeAll(deps, items),
    alone: async (item) => (await takeAll(deps, [item]))[0] ?? 'stale',
  });
  return async (nodeId, message) => {
    const { allocation, fence } = message;
    return { allocation, fence, seq: 0, verdict: await taking.add({ nodeId, message }) };
  };
}

async function takeAll(deps: FindingsDeps, items: readonly Arrived[]): Promise<ReportAck['verdict'][]> {
  const verdicts = await deps.store.transaction(async (tx) => {
    const finders = await findersOf(
      tx,
      items.map(({ message }) => message.allocation),
    );
    const known = items.map(({ nodeId, message }) => {
      const finder = finders.get(message.allocation);
      if (finder?.node_id === nodeId && finder.fence === message.fence) return finder;
      const { allocation, fence, outputs, facts } = message;
      const lost = { nodeId, allocation, fence, outputs: outputs.length, facts: facts.length };
      deps.log.error(lost, 'a node has found something for work that nobody knows; its bytes stay there');
      return undefined;
    });
    const held = items.flatMap(({ nodeId, message }, at) => {
      const finder = known[at];
      if (!finder) return [];
      const { id: allocationId, task_id: taskId, job_id: jobId, project_id: projectId } = finder;
      return message.outputs.map((output) => ({
        owner: { projectId, jobId, taskId, allocationId, nodeId },
        output,
      }));
    });
    await deps.artifacts.commitHeld(tx, held);
    const told = items.flatMap(({ message }, at) => {
      const finder = known[at];
      return finder ? message.facts.flatMap((fact) => telling(deps, finder, fact)) : [];
    });
    await deps.events.append(tx, await firstTold(tx, told));
    return known.map((finder) => (finder?.open ? 'applied' : 'stale') satisfies ReportAck['verdict']);
  });
  deps.events.wake();
  return verdicts;
}

/** Facts of one allocation, in the transaction of whoever knows it; each becomes one event, however often it is told. */
export async function factEvents(
  tx: Tx,
  log: Logger,
  finder: Finder,
  facts: readonly FactDraft[],
): Promise<EventDraft[]> {
  return firstTold(
    tx,
    facts.flatMap((fact) => telling({ log }, finder, fact)),
  );
}

/** Of open work and of what is history. */
async function findersOf(tx: Tx, ids: readonly Id[]): Promise<Map<Id, Finder>> {
  const { rows } = await sql<Finder>`
    SELECT a.id, a.fence, a.node_id, a.task_id, a.job_id, a.project_id, t.kind, a.state <> 'ended' AS open
    FROM allocation a JOIN task t ON t.id = a.task_id WHERE a.id = ANY(${ids}::uuid[])
    UNION ALL
    SELECT a.id, a.fence, a.node_id, a.task_id, a.job_id, a.project_id, t.kind, false AS open
    FROM allocation_history a JOIN task_history t ON t.id = a.task_id WHERE a.id = ANY(${ids}::uuid[])
  `.execute(tx);
  return new Map(rows.map((row) => [row.id, row]));
}

interface Told {
  readonly allocationId: Id;
  readonly key: string;
  readonly event: EventDraft;
}

/** A fact as an event. A workload speaks for itself alone, and in measure. */
function telling({ log }: Pick<FindingsDeps, 'log'>, finder: Finder, fact: FactDraft): Told[] {
  const { id: allocationId, task_id: taskId, job_id: jobId, node_id: nodeId, project_id: projectId } = finder;
  const { key, kind, at, body, flow } = fact;
  const own = kind.split('.', 1)[0] === finder.kind.split('.', 1)[0];
  if (!own || JSON.stringify(body).length > factBodyLimit) {
    log.error(
      { allocationId, key, kind, task: finder.kind },
      'a fact is refused: it is not of its task’s workload, or too long',
    );
    return [];
  }
  const event: EventDraft = {
    projectId,
    kind,
    subject: { kind: 'task', id: taskId },
    body: { ...body, taskId, jobId, nodeId, allocationId, key, at, ...(flow ? { flow } : {}) },
  };
  return [{ allocationId, key, event }];
}

/** Writes down which facts are told, and gives the events of those that are told for the first time, in order. */
async function firstTold(tx: Tx, told: readonly Told[]): Promise<EventDraft[]> {
  if (told.length === 0) return [];
  const rows = JSON.stringify(told.map(({ allocationId, key }) => ({ allocation_id: allocationId, key })));
  const { rows: fresh } = await sql<{ allocation_id: Id; key: string }>`
    INSERT INTO task_fact (allocation_id, key)
    SELECT DISTINCT allocation_id, key FROM jsonb_to_recordset(${rows}::jsonb) AS r(allocation_id uuid, key text)
    ORDER BY 1, 2
    ON CONFLICT DO NOTHING RETURNING allocation_id, key
  `.execute(tx);
  const first = new Set(fresh.map((row) => `${row.allocation_id} ${row.key}`));
  // Of two in one message the first counts.
  return told.flatMap(({ allocationId, key, event }) =>
    first.delete(`${allocationId} ${key}`) ? [event] : [],
  );
}
