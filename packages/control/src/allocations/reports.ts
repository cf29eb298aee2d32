import {
  type AllocationState,
  BacklotError,
  coreErrors,
  endingPhrases,
  type Id,
  type NodeMessages,
  type ReportAck,
  reason,
  type StateReport,
  waitPhrases,
} from '@backlot/contract';
import { sql } from 'kysely';
import type { Counter } from 'prom-client';
import type { Db, Tx } from '../db/schema.ts';
import type { AllocationTokens, Artifacts, NodeReports } from '../kernel.ts';
import { createBatcher } from '../tasks/batcher.ts';
import { type Change, type ChangeDeps, runChange } from '../tasks/change.ts';
import { applyLight, isLight, type LightReport } from './apply-light.ts';
import { type ApplyDeps, applyReport, commitOutputs, endingOf } from './apply-report.ts';
import { type Conclusion, concludeAllocation, concludeAllocations } from './conclude.ts';
import { createFindings } from './findings.ts';
import { type OfferDeps, sendOffers } from './offers.ts';
import type { ProgressBuffer } from './progress.ts';
import { createReconciler, restoreUnknown } from './reconcile.ts';
import {
  type AllocationPlace,
  lockAllocations,
  type OpenAllocation,
  placeOf,
  placesOf,
  tellChanged,
} from './rows.ts';
import type { StaleMessage } from './stale.ts';
import type { StopDeps } from './stop.ts';
import { judge, type Verdict } from './verdict.ts';

export interface ReportDeps extends ChangeDeps, ApplyDeps, StopDeps, OfferDeps {
  readonly db: Db;
  readonly artifacts: Pick<Artifacts, 'commit' | 'commitHeld' | 'committed'>;
  readonly tokens: AllocationTokens;
  readonly stale: (message: StaleMessage, place: AllocationPlace | undefined) => Promise<void>;
  readonly progress: ProgressBuffer;
  readonly counter: Counter<'verdict'>;
  readonly now: () => number;
}

/** A node that refuses is left alone for 2 s, then 4, 8 … at most a minute. */
const refusalBaseMs = 2_000;
const refusalMaxMs = 60_000;

/** Many nodes report at once; each transaction takes what has come while the one before was written. */
const groupCommit = { most: 200, lanes: 2 };

/** What nodes say about their work, applied to the database exactly once. */
export function createReports(deps: ReportDeps): NodeReports {
  const inOrder = createLanes();
  const accepting = createBatcher<Acceptance, ReportAck['verdict']>({
    ...groupCommit,
    together: (items) => acceptAll(deps, items),
    alone: async (item) => (await acceptAll(deps, [item]))[0] ?? 'stale',
  });
  const reporting = createBatcher<Arrived, Judged>({
    ...groupCommit,
    together: (items) => applyAll(deps, items),
    alone: async (item) => (await applyAll(deps, [item]))[0] as Judged,
  });
  const reconcile = createReconciler(deps);
  const findings = createFindings(deps);

  return {
    async connected({ id, epoch }) {
      await restoreUnknown(deps, id);
      const { rows } = await sql<{ allocation: Id; fence: number; state: AllocationState }>`
        SELECT id AS allocation, fence, state FROM allocation
        WHERE node_id = ${id} AND node_epoch = ${epoch} AND state <> 'ended'
      `.execute(deps.db);
      const offered = rows.filter((row) => row.state === 'offered').map((row) => row.allocation);
      // After the answer, so that the welcome comes first.
      if (offered.length > 0) queueMicrotask(() => void repeatOffers(deps, offered));
      return rows;
    },

    accept: (nodeId, message) =>
      inOrder(message.allocation, async () => {
        const item = { nodeId, message };
        return bookAcceptance(deps, item, await accepting.add(item));
      }),
    reject: (nodeId, message) => inOrder(message.allocation, () => reject(deps, nodeId, message)),
    report: (nodeId, message) =>
      inOrder(message.allocation, async () => {
        const item = { nodeId, message };
        return acknowledge(deps, item, await reporting.add(item));
      }),
    findings: (nodeId, message) => findings(nodeId, message),
    progress: (nodeId, message) => deps.progress.add(nodeId, message),
    reconcile,

    unreachable: (tx, nodeId) => runChange(deps, (change) => setUnknown(change, nodeId), tx),
    lost: (tx, nodeId) => runChange(deps, (change) => loseAll(deps, change, nodeId), tx),
  };
}

async function repeatOffers(deps: ReportDeps, ids: readonly Id[]): Promise<void> {
  // The sweep sends them again anyway.
  await sendOffers(deps, ids).catch((error: unknown) =>
    deps.log.debug({ err: error }, 'offers not repeated'),
  );
}

interface Acceptance {
  readonly nodeId: Id;
  readonly message: NodeMessages['accept'];
}

/** Takes acceptances of any number of nodes in one transaction. The task stays placed until it runs. */
async function acceptAll(deps: ReportDeps, items: readonly Acceptance[]): Promise<ReportAck['verdict'][]> {
  return runChange(deps, async (change) => {
    const rows = await lockAllocations(
      change.tx,
      items.map(({ message }) => message.allocation),
    );
    const byId = new Map(rows.map((row) => [row.id, row]));
    const accepted: OpenAllocation[] = [];
    const verdicts = items.map(({ nodeId, message }) => {
      const row = byId.get(message.allocation);
      if (!row || row.node_id !== nodeId || row.fence !== message.fence || row.state === 'ended') {
        return 'stale';
      }
      if (row.state !== 'offered') return 'duplicate';
      accepted.push(row);
      return 'applied';
    });
    if (accepted.length > 0) {
      const ids = accepted.map((row) => row.id);
      await sql`UPDATE allocation SET state = 'accepted' WHERE id = ANY(${ids}::uuid[])`.execute(change.tx);
    }
    for (const row of accepted) tellChanged(change, row, 'accepted');
    return verdicts;
  });
}

/** What a stale acceptance leaves behind; the others need nothing more. */
async function bookAcceptance(
  deps: ReportDeps,
  { nodeId, message }: Acceptance,
  verdict: ReportAck['verdict'],
): Promise<ReportAck['verdict']> {
  deps.counter.inc({ verdict });
  if (verdict !== 'stale') return verdict;
  const { allocation, fence } = message;
  await deps.stale(
    { nodeId, allocation, fence, seq: null, said: 'accept', why: 'ended', outputs: [] },
    await placeOf(deps.db, allocation),
  );
  return verdict;
}

async function reject(deps: ReportDeps, nodeId: Id, message: NodeMessages['reject']): Promise<void> {
  const place = await placeOf(deps.db, message.allocation);
  if (!place) return;
  await runChange(deps, async (change) => {
    await change.ledger.lock([place.job_id]);
    const row = (await lockAllocations(change.tx, [message.allocation]))[0];
    if (!row || row.node_id !== nodeId || row.fence !== message.fence || row.state === 'ended') return;
    await concludeAllocation(deps, change, row, {
      outcome: 'rejected',
      reason: reason(endingPhrases, 'end.rejected', { node: row.node_name, why: message.reason.message }),
      avoidMs: await refusalMs(change.tx, row),
    });
  });
}

/** Grows with every refusal of this task by this node, so that a full node isn't asked again and again. */
async function refusalMs(tx: Tx, row: OpenAllocation): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    SELECT count(*)::int AS n FROM allocation
    WHERE task_id = ${row.task_id} AND node_id = ${row.node_id} AND outcome = 'rejected'
  `.execute(tx);
  return Math.min(refusalMaxMs, refusalBaseMs * 2 ** Math.min(10, rows[0]?.n ?? 0));
}

interface Arrived {
  readonly nodeId: Id;
  readonly message: StateReport;
}
interface Judged {
  readonly verdict: Verdict;
  readonly place: AllocationPlace | undefined;
}

/**
 * Applies reports, at most one of each allocation, in one transaction: jobs are locked, then allocations, then each
 * report is judged against its locked row.
 */
async function applyAll(deps: ReportDeps, items: readonly Arrived[]): Promise<Judged[]> {
  const places = await placesOf(
    deps.db,
    items.map(({ message }) => message.allocation),
  );
  return runChange(deps, async (change) => {
    await change.ledger.lock([...places.values()].map((place) => place.job_id));
    const rows = await lockAllocations(change.tx, [...places.keys()]);
    const byId = new Map(rows.map((row) => [row.id, row]));
    const light: LightReport[] = [];
    const ended: Conclusion[] = [];
    const judged: Judged[] = [];
    for (const { nodeId, message } of items) {
      const row = byId.get(message.allocation);
      const verdict = row ? judge(row, nodeId, message) : await judgeByHistory(change.tx, nodeId, message);
      judged.push({ verdict, place: places.get(message.allocation) });
      if (verdict.kind !== 'apply' || !row) continue;
      if (verdict.unexpected) {
        deps.log.warn({ allocation: row.id, from: row.state, reported: message.state }, 'unexpected report');
      }
      const { next } = verdict;
      await commitOutputs(deps, change, row, message);
      if (next === 'ended') ended.push({ allocation: row, ending: endingOf(deps, row, message) });
      else if (isLight(row, message, next)) light.push({ row, message, next });
      else await applyReport(deps, change, row, message, next);
    }
    await applyLight(change, light);
    await concludeAllocations(deps, change, ended);
    return judged;
  });
}

async function acknowledge(
  deps: ReportDeps,
  { nodeId, message }: Arrived,
  { verdict, place }: Judged,
): Promise<ReportAck> {
  const { allocation, fence, seq } = message;
  const ack = (word: ReportAck['verdict']): ReportAck => {
    deps.counter.inc({ verdict: word });
    return { allocation, fence, seq, verdict: word };
  };
  switch (verdict.kind) {
    case 'apply':
      return ack('applied');
    case 'duplicate':
      return ack('duplicate');
    case 'out-of-order':
      throw new BacklotError(coreErrors.report_out_of_order, {
        params: { allocation, seq, expected: verdict.expected },
      });
    case 'stale':
      await deps.stale(
        {
          nodeId,
          allocation,
          fence,
          seq,
          said: message.outcome ? `${message.state} ${message.outcome}` : message.state,
          why: verdict.why,
          outputs: message.outputs.map((output) => output.name),
        },
        place,
      );
      return ack('stale');
  }
}

/** A report on work that is out of the hot table: applied long ago, or never ours. */
async function judgeByHistory(db: Db | Tx, nodeId: Id, message: StateReport) {
  const past = await db
    .selectFrom('allocation_history')
    .select(['node_id', 'fence', 'seq', 'state', 'known_state'])
    .where('id', '=', message.allocation)
    .executeTakeFirst();
  return judge(past, nodeId, message);
}

async function openOn(change: Change, nodeId: Id, states: readonly AllocationState[]) {
  const { rows } = await sql<{ id: Id; job_id: Id | null }>`
    SELECT id, job_id FROM allocation WHERE node_id = ${nodeId} AND state = ANY(${states})
  `.execute(change.tx);
  await change.ledger.lock(rows.map((row) => row.job_id));
  const locked = await lockAllocations(
    change.tx,
    rows.map((row) => row.id),
  );
  return locked.filter((row) => states.includes(row.state));
}

/** Offers stay offers: nobody has answered them, and they expire by themselves. */
const reachedStates: readonly AllocationState[] = ['accepted', 'preparing', 'running', 'frozen', 'stopping'];

async function setUnknown(change: Change, nodeId: Id): Promise<void> {
  const open = await openOn(change, nodeId, reachedStates);
  if (open.length === 0) return;
  const ids = open.map((row) => row.id);
  await sql`
    UPDATE allocation SET known_state = state, state = 'unknown' WHERE id = ANY(${ids}::uuid[])
  `.execute(change.tx);
  const wait = JSON.stringify(
    reason(waitPhrases, 'wait.unreachable', { node: open[0]?.node_name ?? nodeId }),
  );
  const tasks = open.map((row) => row.task_id);
  await sql`UPDATE task SET wait = ${wait}::jsonb WHERE id = ANY(${tasks}::uuid[])`.execute(change.tx);
  for (const row of open) tellChanged(change, row, 'unknown');
}

async function loseAll(deps: ReportDeps, change: Change, nodeId: Id): Promise<void> {
  const open = await openOn(change, nodeId, ['offered', 'unknown', ...reachedStates]);
  await concludeAllocations(
    deps,
    change,
    open.map((allocation) => ({
      allocation,
      ending: {
        outcome: allocation.stop_why === 'canceled' ? 'canceled' : 'lost',
        reason: reason(endingPhrases, 'end.lost', { node: allocation.node_name }),
      },
    })),
  );
}

/** Runs what concerns one allocation one after the other, in the order in which it came. */
function createLanes(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const lanes = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const before = lanes.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => undefined);
    lanes.set(key, settled);
    void settled.then(() => {
      if (lanes.get(key) === settled) lanes.delete(key);
    });
    return mine;
  };
}
