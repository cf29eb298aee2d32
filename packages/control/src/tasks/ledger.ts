import {
  deriveJobState,
  type Failure,
  type JobIntent,
  type JobState,
  type Progress,
  type Reason,
  type TaskCounts,
  type TaskDraft,
  type TaskState,
  taskMachine,
  taskStates,
  taskStatesEnded,
} from '@backlot/contract';
import { sql } from 'kysely';
import type { JobRow, Tx } from '../db/schema.ts';
import type { EventDraft } from '../kernel.ts';

/** What changes in a task's row with its state. What is left out stays, `null` clears. */
export interface TaskPatch {
  readonly attempt?: number;
  /** For `retry_wait`: milliseconds from now, by the database's clock. */
  readonly delayMs?: number;
  readonly wait?: Reason;
  readonly failure?: Failure | null;
  readonly result?: Record<string, unknown> | null;
  readonly progress?: Progress | null;
  readonly spec?: TaskDraft;
  readonly shape?: string;
}
export interface TaskMove {
  readonly id: string;
  readonly patch?: TaskPatch;
}
/** A task that has moved, with what it was. */
export interface MovedTask {
  readonly id: string;
  readonly job_id: string | null;
  readonly project_id: string;
  readonly key: string;
  readonly kind: string;
  readonly weight: number;
  readonly was: TaskState;
}

/** Jobs whose end has just been reached in this transaction, for follow-ups and metrics. */
export interface JobEnd {
  readonly jobId: string;
  readonly projectId: string;
  readonly state: JobState;
}

const endedJobStates: readonly JobState[] = ['succeeded', 'failed', 'canceled'];

/**
 * The state of a job. One that was given up (its workload said that it can't succeed, or too many of its tasks failed
 * for one reason) has failed, also when nothing but canceled tasks is left to show it.
 */
export function stateOf(
  counts: TaskCounts,
  intent: JobIntent,
  failure: Failure | null,
  forgiven = 0,
): JobState {
  const state = deriveJobState(counts, intent, forgiven);
  const givenUp = failure !== null && intent !== 'cancel';
  return givenUp && (state === 'succeeded' || state === 'canceled') ? 'failed' : state;
}

/**
 * The books of one transaction: jobs that it has locked, and how many of their tasks are in which state. Tasks are
 * moved only here, many in one statement, each only along the transition table; the counters of their jobs are
 * written once at the end, in the same transaction.
 */
export class Ledger {
  readonly jobs = new Map<string, JobRow>();
  readonly #tx: Tx;
  readonly #events: EventDraft[];
  readonly #states = new Map<string, JobState>();
  readonly #dirty = new Set<string>();
  readonly #versions = new Map<string, string>();
  #writtenVersion: string | undefined;
  readonly #touched = new Map<string, Set<string>>();
  readonly #ends: JobEnd[] = [];

  constructor(tx: Tx, events: EventDraft[]) {
    this.#tx = tx;
    this.#events = events;
  }

  /**
   * Locks jobs by id order; call it once, with all jobs of the transaction, before touching a task. Jobs that are
   * gone are simply not in `jobs`. `NO KEY UPDATE`: rows that refer to a job may still be inserted.
   */
  async lock(jobIds: Iterable<string | null>): Promise<void> {
    const ids = [...new Set([...jobIds].filter((id): id is string => id !== null))];
    const wanted = ids.filter((id) => !this.jobs.has(id)).sort();
    if (wanted.length === 0) return;
    const rows = await this.#tx
      .selectFrom('job')
      .selectAll()
      .select(sql<string>`xmin::text`.as('version'))
      .where(sql<boolean>`id = ANY(${wanted}::uuid[])`)
      .orderBy('id')
      .forNoKeyUpdate()
      .execute();
    for (const { version, ...row } of rows) {
      this.adopt(row);
      this.#versions.set(row.id, version);
    }
  }

  /** Tells one committed version of a job's row from another: `xmin`, the transaction that wrote it. */
  versionOf(jobId: string): string | undefined {
    return this.#versions.get(jobId);
  }

  /** The version that all jobs written by this transaction have; known once they are. */
  get writtenVersion(): string | undefined {
    return this.#writtenVersion;
  }

  /** Takes a row that this transaction has just inserted. */
  adopt(row: JobRow): void {
    this.jobs.set(row.id, row);
    this.#states.set(row.id, row.state);
  }

  job(id: string): JobRow {
    const row = this.jobs.get(id);
    if (!row) throw new Error(`The job ${id} was not locked before it was changed.`);
    return row;
  }

  /** Changes columns of a locked job; written at the end. */
  change(
    id: string,
    patch: Partial<Pick<JobRow, 'intent' | 'priority' | 'name' | 'facts' | 'failure' | 'forgiven'>>,
  ): void {
    Object.assign(this.job(id), patch);
    this.#dirty.add(id);
  }

  /** Books tasks that were inserted. */
  added(jobId: string | null, state: TaskState, tasks: readonly { id: string; weight: number }[]): void {
    if (jobId === null || tasks.length === 0) return;
    const weight = tasks.reduce((sum, task) => sum + task.weight, 0);
    this.#book(jobId, null, state, tasks.length, weight);
    for (const task of tasks) this.touch(jobId, task.id);
  }

  /** Says that something of a task has changed that isn't in its row: its outputs. Renews the job's version. */
  touch(jobId: string | null, taskId: string): void {
    if (jobId === null || !this.jobs.has(jobId)) return;
    const touched = this.#touched.get(jobId) ?? new Set<string>();
    this.#touched.set(jobId, touched.add(taskId));
    this.#dirty.add(jobId);
  }

  /** Tasks of a job that this transaction has changed so far. */
  touched(jobId: string): ReadonlySet<string> {
    return this.#touched.get(jobId) ?? new Set();
  }

  /**
   * Moves tasks to a state, those among them that may go there; answers which did. Others are left alone: somebody
   * was quicker, and the caller decides whether that matters.
   * @param only the states that the caller means, when fewer than the table allows
   */
  async move(to: TaskState, moves: readonly TaskMove[], only?: readonly TaskState[]): Promise<MovedTask[]> {
    if (moves.length === 0) return [];
    const from = taskMachine.before(to).filter((state) => only === undefined || only.includes(state));
    const patches = JSON.stringify(moves.map(({ id, patch }) => ({ id, patch: patch ?? {} })));
    const final = taskStatesEnded.includes(to);
    const restarts = to === 'queued' || to === 'retry_wait' || to === 'blocked';
    const { rows } = await sql<MovedTask>`
      WITH wanted AS MATERIALIZED (
        SELECT w.id, w.patch FROM jsonb_to_recordset(${patches}::jsonb) AS w(id uuid, patch jsonb)
      ), locked AS MATERIALIZED (
        SELECT t.id, t.state AS was FROM task t JOIN wanted w ON w.id = t.id
        WHERE t.state = ANY(${from}) ORDER BY t.id FOR NO KEY UPDATE OF t
      )
      UPDATE task t SET
        state = ${to},
        attempt = coalesce((w.patch->>'attempt')::int, t.attempt),
        not_before = now() + ((w.patch->>'delayMs')::float8 * interval '1 millisecond'),
        wait = nullif(w.patch->'wait', 'null'),
        failure = CASE WHEN w.patch ? 'failure' THEN nullif(w.patch->'failure', 'null') ELSE t.failure END,
        result = CASE WHEN w.patch ? 'result' THEN nullif(w.patch->'result', 'null') ELSE t.result END,
        progress = CASE WHEN ${restarts} THEN NULL
                        WHEN w.patch ? 'progress' THEN nullif(w.patch->'progress', 'null') ELSE t.progress END,
        spec = coalesce(w.patch->'spec', t.spec),
        shape = coalesce(w.patch->>'shape', t.shape),
        ready_at = CASE WHEN ${to === 'queued'} THEN now() ELSE t.ready_at END,
        ended_at = CASE WHEN ${final} THEN now() END
      FROM locked l JOIN wanted w ON w.id = l.id
      WHERE t.id = l.id
      RETURNING t.id, t.job_id, t.project_id, t.key, t.kind, t.weight, l.was
    `.execute(this.#tx);
    for (const task of rows) {
      if (task.job_id === null) continue;
      this.#book(task.job_id, task.was, to, 1, task.weight);
      this.touch(task.job_id, task.id);
    }
    return rows;
  }

  /** Moves tasks and writes one event for each: `task.ended` or `task.changed`. */
  async moveAndTell(
    to: TaskState,
    moves: readonly TaskMove[],
    { only, body }: { only?: readonly TaskState[]; body?: (task: MovedTask) => Record<string, unknown> } = {},
  ): Promise<MovedTask[]> {
    const moved = await this.move(to, moves, only);
    for (const task of moved) {
      this.#events.push({
        projectId: task.project_id,
        kind: taskStatesEnded.includes(to) ? 'task.ended' : 'task.changed',
        subject: { kind: 'task', id: task.id },
        body: {
          state: to,
          from: task.was,
          key: task.key,
          kind: task.kind,
          jobId: task.job_id,
          ...body?.(task),
        },
      });
    }
    return moved;
  }

  /** Jobs that ended in this transaction; complete after `write`. */
  get ends(): readonly JobEnd[] {
    return this.#ends;
  }

  /** Writes the books: counters, derived state, times, and the jobs' events. */
  async write(): Promise<void> {
    const rows = [...this.#dirty].map((id) => this.job(id));
    if (rows.length === 0) return;
    const written = rows.map((row) => this.#settle(row));
    const { rows: after } = await sql<{ version: string }>`
      UPDATE job j SET
        intent = r.intent, priority = r.priority, name = r.name, facts = r.facts, counts = r.counts,
        state = r.state, weight_total = r.weight_total, weight_done = r.weight_done, failure = nullif(r.failure, 'null'),
        forgiven = r.forgiven,
        started_at = CASE WHEN r.started THEN coalesce(j.started_at, now()) ELSE j.started_at END,
        ended_at = CASE WHEN r.ended THEN coalesce(j.ended_at, now()) END
      FROM jsonb_to_recordset(${JSON.stringify(written)}::jsonb) AS r(
        id uuid, intent text, priority int, name text, facts jsonb, counts jsonb, state text,
        weight_total float8, weight_done float8, failure jsonb, forgiven int, started boolean, ended boolean)
      WHERE j.id = r.id
      RETURNING j.xmin::text AS version
    `.execute(this.#tx);
    this.#writtenVersion = after[0]?.version;
    this.#dirty.clear();
  }

  #book(jobId: string, from: TaskState | null, to: TaskState, count: number, weight: number): void {
    const job = this.job(jobId);
    const counts: TaskCounts = { ...job.counts };
    if (from !== null) counts[from] = (counts[from] ?? 0) - count;
    counts[to] = (counts[to] ?? 0) + count;
    job.counts = counts;
    // Canceled work is not work to be done any more; done is what has succeeded.
    const part = (state: TaskState | null) => (state === null || state === 'canceled' ? 0 : weight);
    job.weight_total = Math.max(0, job.weight_total + part(to) - part(from));
    job.weight_done = Math.max(
      0,
      job.weight_done + (to === 'succeeded' ? weight : 0) - (from === 'succeeded' ? weight : 0),
    );
    this.#dirty.add(jobId);
  }

  #settle(job: JobRow) {
    const counts: TaskCounts = {};
    for (const state of taskStates) {
      const n = job.counts[state] ?? 0;
      if (n < 0) throw new Error(`The job ${job.id} counts ${n} tasks as ${state}.`);
      if (n > 0) counts[state] = n;
    }
    job.counts = counts;
    const was = this.#states.get(job.id);
    const state = stateOf(counts, job.intent, job.failure, job.forgiven);
    job.state = state;
    this.#states.set(job.id, state);
    const ended = endedJobStates.includes(state);
    if (was !== state) {
      this.#events.push({
        projectId: job.project_id,
        kind: ended ? 'job.ended' : 'job.changed',
        subject: { kind: 'job', id: job.id },
        body: { state, from: was ?? null, kind: job.kind, name: job.name, counts, failure: job.failure },
      });
      if (ended) this.#ends.push({ jobId: job.id, projectId: job.project_id, state });
    }
    const started = (counts.running ?? 0) > 0 || state === 'running';
    const { id, intent, priority, name, facts, weight_total, weight_done, failure, forgiven } = job;
    return {
      id,
      intent,
      priority,
      name,
      facts,
      counts,
      state,
      weight_total,
      weight_done,
      failure,
      forgiven,
      started,
      ended,
    };
  }
}
