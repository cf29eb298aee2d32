import { type Grant, newId, type TaskClass } from '@backlot/contract';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import { offerMs } from '../allocations/offers.ts';
import { isCheckViolation, isUniqueViolation } from '../db/database-error.ts';
import type { Tx } from '../db/schema.ts';
import { type Change, type ChangeDeps, runChange } from '../tasks/change.ts';
import { book, grantOn } from './fit.ts';
import { readSlots } from './load-slots.ts';
import type { Amounts, Candidate, Decision, GpuPlace, NodePlace } from './model.ts';

/** A decision that became an allocation. */
export interface Placed {
  readonly allocationId: string;
  readonly decision: Decision;
  readonly candidate: Candidate;
}
export interface CommitResult {
  readonly placed: readonly Placed[];
  /** Overtaken by events: the task is gone, or its places are. The next search sees why. */
  readonly refused: readonly Decision[];
}

/**
 * Makes decisions real, all in one transaction: locks, looks again, takes what the nodes give, writes allocations.
 * What no longer holds is dropped and the rest commits. Should the constraints of the database still object, which
 * the locks rule out as far as we know, the batch is halved until the one that offends stands alone.
 */
export async function commitDecisions(
  deps: ChangeDeps & { readonly log: Logger },
  decisions: readonly Decision[],
): Promise<CommitResult> {
  if (decisions.length === 0) return { placed: [], refused: [] };
  try {
    return await runChange(deps, (change) => commitBatch(change, decisions));
  } catch (error) {
    if (!isCheckViolation(error) && !isUniqueViolation(error)) throw error;
    deps.log.error({ err: error, decisions: decisions.length }, 'the database refused a placement');
    if (decisions.length === 1) return { placed: [], refused: decisions };
    const middle = Math.ceil(decisions.length / 2);
    const first = await commitDecisions(deps, decisions.slice(0, middle));
    const second = await commitDecisions(deps, decisions.slice(middle));
    return {
      placed: [...first.placed, ...second.placed],
      refused: [...first.refused, ...second.refused],
    };
  }
}

async function commitBatch(change: Change, decisions: readonly Decision[]): Promise<CommitResult> {
  await change.ledger.lock(decisions.map((decision) => decision.task.jobId));
  const tasks = await lockTasks(
    change.tx,
    decisions.map((decision) => decision.task.id),
  );
  const nodes = await lockNodes(
    change.tx,
    [...new Set(decisions.flatMap(({ candidates }) => candidates.map((candidate) => candidate.nodeId)))],
    decisions.some(({ group }) => group.demand.resources.gpus.length > 0),
    decisions.some(({ group }) => group.demand.resources.slot !== undefined),
  );
  const placed: Placed[] = [];
  const refused: Decision[] = [];
  for (const decision of decisions) {
    const { task } = decision;
    const job = task.jobId === null ? undefined : change.ledger.jobs.get(task.jobId);
    const wanted = task.jobId === null || job?.intent === 'run';
    const candidate = wanted && tasks.has(task.id) ? stillGood(decision, nodes) : undefined;
    if (candidate) placed.push({ allocationId: newId(), decision, candidate });
    else refused.push(decision);
  }
  if (placed.length > 0) await write(change, placed, tasks, nodes);
  return { placed, refused };
}

/** The first of the candidates that still fits, booked on the locked node. */
function stillGood(decision: Decision, nodes: ReadonlyMap<string, LockedNode>): Candidate | undefined {
  for (const candidate of decision.candidates) {
    const node = nodes.get(candidate.nodeId);
    if (!node?.open) continue;
    const grant = grantOn(node.place, decision.group.demand.resources);
    if (!grant) continue;
    book(node.place, grant);
    return { ...candidate, grant };
  }
  return undefined;
}

interface LockedTask {
  readonly attempt: number;
  readonly projectId: string;
  readonly class: TaskClass;
}
interface LockedNode {
  readonly epoch: number;
  readonly open: boolean;
  readonly place: NodePlace;
}

async function lockTasks(tx: Tx, ids: readonly string[]): Promise<Map<string, LockedTask>> {
  const { rows } = await sql<{ id: string; attempt: number; project_id: string; class: TaskClass }>`
    SELECT id, attempt, project_id, class FROM task
    WHERE id = ANY(${ids}::uuid[]) AND state = 'queued' AND NOT paused ORDER BY id FOR NO KEY UPDATE
  `.execute(tx);
  return new Map(
    rows.map((row) => [row.id, { attempt: row.attempt, projectId: row.project_id, class: row.class }]),
  );
}

/** Locks what is used, in the order of ids, and reads the nodes as they are now. */
async function lockNodes(
  tx: Tx,
  ids: readonly string[],
  withGpus: boolean,
  withSlots: boolean,
): Promise<Map<string, LockedNode>> {
  const { rows } = await sql<{
    id: string;
    name: string;
    epoch: number;
    open: boolean;
    total: Amounts;
    used: Amounts;
  }>`
    SELECT n.id, n.name, n.epoch, n.state = 'ready' AND n.schedulable = 'yes' AS open,
           json_build_object('cpu', cpu_total, 'memory', memory_total, 'disk', disk_total, 'packets', packets_total) AS total,
           json_build_object('cpu', cpu_used, 'memory', memory_used, 'disk', disk_used, 'packets', packets_used) AS used
    FROM node_usage u JOIN node n ON n.id = u.node_id
    WHERE u.node_id = ANY(${ids}::uuid[]) ORDER BY u.node_id FOR NO KEY UPDATE OF u
  `.execute(tx);
  const gpusOf = Map.groupBy(withGpus ? await lockGpus(tx, ids) : [], (row) => row.nodeId);
  const slotsOf = withSlots ? await readSlots(tx, ids) : undefined;
  return new Map(
    rows.map((row) => [
      row.id,
      {
        epoch: row.epoch,
        open: row.open,
        place: placeOf(row, gpusOf.get(row.id) ?? [], slotsOf?.get(row.id)),
      },
    ]),
  );
}

async function lockGpus(tx: Tx, ids: readonly string[]): Promise<(GpuPlace & { nodeId: string })[]> {
  const { rows } = await sql<GpuPlace & { nodeId: string }>`
    SELECT node_id AS "nodeId", index, vram_total AS vram, encoder_sessions_total AS "encoderSessions",
           vram_used AS "vramUsed", encoder_sessions_used AS "encoderSessionsUsed"
    FROM gpu_usage WHERE node_id = ANY(${ids}::uuid[]) ORDER BY node_id, index FOR NO KEY UPDATE
  `.execute(tx);
  return rows;
}

/** A node as far as fitting goes. */
function placeOf(
  row: {
    readonly id: string;
    readonly name: string;
    readonly epoch: number;
    readonly total: Amounts;
    readonly used: Amounts;
  },
  gpus: readonly GpuPlace[],
  slots: NodePlace['slots'] = new Map(),
): NodePlace {
  return {
    id: row.id,
    name: row.name,
    epoch: row.epoch,
    state: 'ready',
    schedulable: 'yes',
    quarantined: false,
    connected: true,
    labels: {},
    capabilities: [],
    total: row.total,
    used: { ...row.used },
    gpus: gpus.map((gpu) => ({ ...gpu })),
    slots,
    warmJobs: new Set(),
    warmHosts: new Set(),
  };
}

async function write(
  change: Change,
  placed: readonly Placed[],
  tasks: ReadonlyMap<string, LockedTask>,
  nodes: ReadonlyMap<string, LockedNode>,
): Promise<void> {
  const rows = placed.flatMap(({ allocationId, decision, candidate }) => {
    const task = tasks.get(decision.task.id);
    const node = nodes.get(candidate.nodeId);
    if (!task || !node) return [];
    return [
      {
        id: allocationId,
        task_id: decision.task.id,
        job_id: decision.task.jobId,
        project_id: task.projectId,
        node_id: candidate.nodeId,
        node_epoch: node.epoch,
        attempt: task.attempt + 1,
        class: task.class,
        resources: candidate.grant satisfies Grant,
      },
    ];
  });
  const { rows: inserted } = await sql<{ id: string; fence: number }>`
    INSERT INTO allocation (id, task_id, job_id, project_id, node_id, node_epoch, attempt, class, resources, offer_until)
    SELECT r.*, now() + ${offerMs}::float8 * interval '1 millisecond'
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(
      id uuid, task_id uuid, job_id uuid, project_id uuid, node_id uuid, node_epoch int, attempt int, class text,
      resources jsonb)
    RETURNING id, fence
  `.execute(change.tx);
  const fences = new Map(inserted.map((row) => [row.id, row.fence]));
  await change.ledger.move(
    'placed',
    placed.map(({ decision }) => ({ id: decision.task.id })),
    ['queued'],
  );
  for (const { allocationId, decision, candidate } of placed) {
    change.usage.take(candidate.nodeId, candidate.grant);
    change.events.push({
      projectId: decision.group.projectId,
      kind: 'allocation.offered',
      subject: { kind: 'allocation', id: allocationId },
      body: {
        fence: fences.get(allocationId) ?? null,
        taskId: decision.task.id,
        jobId: decision.task.jobId,
        nodeId: candidate.nodeId,
        nodeName: nodes.get(candidate.nodeId)?.place.name ?? null,
        waitedMs: Math.round(decision.task.waitedMs),
        candidates: decision.candidates.map(({ nodeId, score }) => ({
          nodeId,
          score: Math.round(score * 1000) / 1000,
        })),
      },
    });
  }
}
