import { Id, type Task, type TaskState } from '@backlot/contract';
import { type Kernel, readTasks } from '@backlot/control/workload';
import { sql } from 'kysely';
import {
  type Delivery,
  type DeliveryState,
  UPLOAD_TASK,
  UploadProgress,
  VERIFY_TASK,
} from '../../contract.ts';
import { tables } from '../tables.ts';

const stateOf: Readonly<Record<TaskState, DeliveryState>> = {
  blocked: 'waiting',
  queued: 'waiting',
  placed: 'running',
  running: 'running',
  frozen: 'waiting',
  retry_wait: 'waiting',
  held: 'waiting',
  succeeded: 'done',
  failed: 'failed',
  canceled: 'canceled',
};

export interface DeliveriesQuery {
  readonly visible: 'all' | readonly string[];
  readonly projectId?: string | undefined;
  readonly state?: DeliveryState | undefined;
  readonly target?: string | undefined;
  readonly jobId?: string | undefined;
  readonly beforeId?: string | undefined;
  readonly limit: number;
}

/** What goes where, newest first, one too many: the tasks of uploads and verifies, told in their own words. */
export async function readDeliveries(kernel: Kernel, query: DeliveriesQuery): Promise<Delivery[]> {
  if (query.visible !== 'all' && query.visible.length === 0) return [];
  const conditions = [sql`t.kind IN (${UPLOAD_TASK}, ${VERIFY_TASK})`];
  if (query.visible !== 'all') conditions.push(sql`t.project_id = ANY(${query.visible}::uuid[])`);
  if (query.projectId !== undefined) conditions.push(sql`t.project_id = ${query.projectId}`);
  if (query.jobId !== undefined) conditions.push(sql`t.job_id = ${query.jobId}`);
  // A verify names its target by id, as the upload before it has found it.
  if (query.target !== undefined) {
    conditions.push(sql`t.spec -> 'parameters' ->> 'target' IN (
      SELECT ${query.target} UNION SELECT one FROM delivery_target d, unnest(ARRAY[d.name, d.id::text]) one
      WHERE d.project_id = t.project_id AND ${query.target} IN (d.name, d.id::text))`);
  }
  if (query.beforeId !== undefined) conditions.push(sql`t.id < ${query.beforeId}`);
  if (query.state !== undefined) {
    const states = Object.entries(stateOf).flatMap(([state, shown]) =>
      shown === query.state ? [state] : [],
    );
    conditions.push(sql`t.state = ANY(${states})`);
  }
  const tasks = await readTasks(kernel.db, sql.join(conditions, sql` AND `), 'desc', query.limit + 1);
  const [jobs, targets, tries] = await Promise.all([
    jobNames(kernel, tasks),
    targetNames(kernel, tasks),
    nextTries(kernel, tasks),
  ]);
  return tasks.map((task) => viewDelivery(task, { jobs, targets, tries }));
}

/** By id; what a step says by name is its name already. */
async function targetNames(kernel: Kernel, tasks: readonly Task[]): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(tasks.flatMap(({ parameters }) => Id.safeParse(parameters.target).data ?? []))];
  if (ids.length === 0) return new Map();
  const rows = await tables(kernel.db)
    .selectFrom('delivery_target')
    .select(['id', 'name'])
    .where('id', 'in', ids)
    .execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}

async function jobNames(kernel: Kernel, tasks: readonly Task[]): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(tasks.flatMap(({ jobId }) => jobId ?? []))];
  if (ids.length === 0) return new Map();
  const rows = await kernel.db.selectFrom('job').select(['id', 'name']).where('id', 'in', ids).execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** When tasks that wait for their next attempt begin it. */
async function nextTries(kernel: Kernel, tasks: readonly Task[]): Promise<ReadonlyMap<string, string>> {
  const ids = tasks.flatMap(({ id, state }) => (state === 'retry_wait' ? [id] : []));
  if (ids.length === 0) return new Map();
  const rows = await kernel.db
    .selectFrom('task')
    .select(['id', 'not_before'])
    .where('id', 'in', ids)
    .execute();
  return new Map(
    rows.flatMap(({ id, not_before: at }) => (at === null ? [] : [[id, at.toISOString()] as const])),
  );
}

interface Known {
  readonly jobs: ReadonlyMap<string, string>;
  readonly targets: ReadonlyMap<string, string>;
  readonly tries: ReadonlyMap<string, string>;
}

function viewDelivery(task: Task, { jobs, targets, tries }: Known): Delivery {
  const { parameters } = task;
  const target = String(parameters.target ?? '');
  const file = parameters.file as { size?: number } | undefined;
  const progress = UploadProgress.partial().safeParse(task.progress?.detail ?? {}).data ?? null;
  const running = stateOf[task.state] === 'running';
  return {
    id: task.id,
    projectId: task.projectId,
    jobId: task.jobId,
    jobName: jobs.get(task.jobId ?? '') ?? task.key,
    kind: task.kind === UPLOAD_TASK ? 'upload' : 'verify',
    target: targets.get(target) ?? target,
    path: shownPath(task),
    size: file?.size ?? 0,
    state: stateOf[task.state],
    taskState: task.state,
    attempts: task.attempt,
    progress: running ? progress : null,
    wait: task.wait,
    fault: task.failure?.reason ?? null,
    nextTryAt: tries.get(task.id) ?? (running ? (progress?.nextTryAt ?? null) : null),
    nodeId: task.allocation?.nodeId ?? null,
    nodeName: task.allocation?.nodeName ?? null,
    createdAt: task.createdAt,
    endedAt: task.endedAt,
  };
}

/** Where it really stands, once that is known: another name may have been free. */
function shownPath({ result, parameters }: Task): string {
  const copy = result?.copy as { path?: unknown } | undefined;
  return String(copy?.path ?? parameters.path ?? '');
}
