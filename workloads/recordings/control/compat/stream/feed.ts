import { eventSubjects, type Kernel } from '@backlot/control/workload';
import { sql } from 'kysely';
import type { NgliveEvent, NgliveHeartbeat } from '../../../contract/compat/nglive.ts';
import type { GatewayRow } from '../tables.ts';
import { ngliveEventOf, progressEvent, toldKinds, transcodeTasks, uploadTasks } from './event-of.ts';
import { heartbeatOf } from './heartbeat.ts';

/** How often the log is looked at when nobody has said that there is something, how far work is, and the heartbeat. Milliseconds. */
const lookMs = 1_000;
const pauseMs = 50;
const progressMs = 2_000;
export const heartbeatMs = 5_000;
/** A transaction that took its number so many events ago and is still open is nobody's: the log's sweep ends those. */
const openNumbers = 10_000;
const batch = 1_000;

export type Told = NgliveEvent | NgliveHeartbeat;
type Gateway = Pick<GatewayRow, 'project_id' | 'id' | 'name'>;
interface Listener {
  readonly gateway: Gateway;
  tell(told: Told): void;
}

/**
 * What listeners of this control process are told: events of their project from the moment they came, progress, heartbeats.
 * Looks at the log only while somebody listens. Nothing is kept for who is away: this is a stream, the log is the truth.
 */
export class Feed {
  readonly #kernel: Kernel;
  readonly #listeners = new Set<Listener>();
  /** What was told of a task last, so that it is told only when it changes. */
  readonly #percent = new Map<string, number>();
  #seen: { readonly xmin: string; readonly seq: number } | undefined;
  #cancels: (() => void)[] = [];
  #cancelLook: (() => void) | undefined;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** @returns takes the listener away again */
  listen(gateway: Gateway, tell: (told: Told) => void): () => void {
    const listener = { gateway, tell };
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#begin();
    void this.#heartbeat([listener]);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#rest();
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#listeners.clear();
    this.#rest();
    await this.#looking;
  }

  /** One look at the log; public for tests. */
  async look(): Promise<void> {
    if (this.#listeners.size === 0) return;
    const projects = [...new Set([...this.#listeners].map(({ gateway }) => gateway.project_id))];
    const { db } = this.#kernel;
    const now = await sql<{ xmin: string; seq: string }>`
      SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xmin, coalesce(max(seq), 0)::text AS seq FROM event
    `.execute(db);
    const [{ xmin, seq } = { xmin: '0', seq: '0' }] = now.rows;
    const before = this.#seen;
    this.#seen = { xmin, seq: Number(seq) };
    if (!before || before.xmin === xmin) return;
    // By transactions, not by numbers: all of these have ended now and none had when we looked before, so that each of their
    // events is told once, whichever of them was quicker.
    const rows = await sql<{
      project_id: string;
      kind: string;
      subject_kind: string;
      subject_id: string;
      body: Record<string, unknown>;
    }>`
      SELECT project_id, kind, subject_kind, subject_id, body FROM event
      WHERE seq > ${before.seq - openNumbers} AND txid >= ${before.xmin}::xid8 AND txid < ${xmin}::xid8
        AND kind = ANY(${toldKinds}) AND project_id = ANY(${projects}::uuid[])
      ORDER BY seq LIMIT ${batch}`.execute(db);
    for (const row of rows.rows) {
      const subject = { kind: row.subject_kind, id: row.subject_id };
      const event = ngliveEventOf({ kind: row.kind, subject, body: row.body });
      if (event) this.#tell(row.project_id, event);
    }
  }

  #begin(): void {
    if (this.#closed) return;
    this.#seen = undefined;
    const repeat = (ms: number, work: () => Promise<void>): void => {
      let cancel = () => {};
      let over = false;
      const arm = () => {
        if (!over) cancel = this.#kernel.clock.after(ms, () => void this.#try(work).finally(arm));
      };
      arm();
      this.#cancels.push(() => {
        over = true;
        cancel();
      });
    };
    this.#cancels.push(this.#kernel.fabric.subscribe(eventSubjects.appended, () => this.#soon(pauseMs)));
    this.#soon(0);
    repeat(progressMs, () => this.#progress());
    repeat(heartbeatMs, () => this.#heartbeat([...this.#listeners]));
  }

  #rest(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    this.#percent.clear();
  }

  #soon(ms: number): void {
    this.#cancelLook?.();
    this.#cancelLook = this.#kernel.clock.after(ms, () => {
      this.#looking = this.#looking
        .then(() => this.#try(() => this.look()))
        .finally(() => {
          if (this.#listeners.size > 0 && !this.#closed) this.#soon(lookMs);
        });
    });
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#kernel.log.debug({ err: error }, 'listeners of NGlive could not be told');
    }
  }

  async #progress(): Promise<void> {
    const projects = [...new Set([...this.#listeners].map(({ gateway }) => gateway.project_id))];
    if (projects.length === 0) return;
    const tasks = await this.#kernel.db
      .selectFrom('task')
      .select(['id', 'kind', 'project_id', 'progress'])
      .where('state', '=', 'running')
      .where('kind', 'in', [...transcodeTasks, ...uploadTasks])
      .where('project_id', 'in', projects)
      .limit(batch)
      .execute();
    const running = new Set(tasks.map(({ id }) => id));
    for (const id of this.#percent.keys()) if (!running.has(id)) this.#percent.delete(id);
    for (const { id, kind, project_id, progress } of tasks) {
      const event = progressEvent(id, kind, progress);
      if (!event || event.COMP === undefined || this.#percent.get(id) === event.COMP) continue;
      this.#percent.set(id, event.COMP);
      this.#tell(project_id, event);
    }
  }

  async #heartbeat(listeners: readonly Listener[]): Promise<void> {
    if (listeners.length === 0) return;
    const loads = await this.#kernel.db
      .selectFrom('node')
      .innerJoin('node_lease', 'node_lease.node_id', 'node.id')
      .select(['node.inventory', 'node_lease.load'])
      .where('node.state', '=', 'ready')
      .execute()
      .catch(() => undefined);
    if (!loads) return;
    for (const { gateway, tell } of listeners) tell(heartbeatOf(gateway, loads));
  }

  #tell(projectId: string, told: Told): void {
    for (const { gateway, tell } of this.#listeners) if (gateway.project_id === projectId) tell(told);
  }
}
