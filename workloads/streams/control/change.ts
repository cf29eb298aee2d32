import type { Kernel, Tx } from '@backlot/control/workload';
import { sql } from 'kysely';
import { type InstanceState, instanceMachine, type SessionState, sessionMachine } from '../contract.ts';
import { type AppRow, type InstanceRow, type SessionRow, tables } from './tables.ts';

type Patch<Row> = { readonly [K in keyof Row]?: unknown };

/**
 * One transaction that moves instances and sessions. Each move goes along its table of transitions and writes its event,
 * and for sessions a line of its timeline; whoever needs to be told is told after the commit.
 *
 * **Order of locks**, so that two changes never wait for each other: app, instance, version, session.
 */
export class Change {
  readonly tx: Tx;
  readonly #events: Parameters<Kernel['events']['append']>[1][number][] = [];
  readonly #timeline: { session_id: string; what: string; detail: Record<string, unknown> }[] = [];
  readonly #effects: (() => void)[] = [];

  constructor(tx: Tx) {
    this.tx = tx;
  }

  get db() {
    return tables(this.tx);
  }

  /** Does something once the transaction is durable. It may never happen: the sweep repeats what matters. */
  after(effect: () => void): void {
    this.#effects.push(effect);
  }

  /** Moves an instance, when it is where the move may begin; undefined when somebody was quicker. */
  async moveInstance(
    id: string,
    to: InstanceState,
    set: Patch<InstanceRow> = {},
    options: { readonly only?: readonly InstanceState[]; readonly body?: Record<string, unknown> } = {},
  ): Promise<InstanceRow | undefined> {
    const from = instanceMachine.before(to).filter((state) => options.only?.includes(state) ?? true);
    const row = await this.db
      .updateTable('streams_instance')
      // biome-ignore lint/suspicious/noExplicitAny: values may be SQL; the keys are checked above.
      .set({ state: to, ...set } as any)
      .where('id', '=', id)
      .where('state', 'in', from)
      .returningAll()
      .executeTakeFirst();
    if (row) this.tellInstance(row, options.body);
    return row;
  }

  /** Moves a session, when it is where the move may begin. */
  async moveSession(
    id: string,
    to: SessionState,
    set: Patch<SessionRow> = {},
    detail: Record<string, unknown> = {},
  ): Promise<SessionRow | undefined> {
    const row = await this.db
      .updateTable('streams_session')
      // biome-ignore lint/suspicious/noExplicitAny: values may be SQL; the keys are checked above.
      .set({ state: to, ...set } as any)
      .where('id', '=', id)
      .where('state', 'in', sessionMachine.before(to))
      .returningAll()
      .executeTakeFirst();
    if (row) this.tellSession(row, detail);
    return row;
  }

  /** The event of the state that an instance has come to. */
  tellInstance(row: InstanceRow, body: Record<string, unknown> = {}): void {
    this.#events.push({
      projectId: row.project_id,
      kind: `streams.instance.${row.state}`,
      subject: { kind: 'instance', id: row.id },
      body: {
        appId: row.app_id,
        version: row.version,
        nodeId: row.node_id,
        sessionId: row.session_id,
        ...(row.end_reason === null ? {} : { reason: row.end_reason }),
        ...body,
      },
    });
  }

  /** The event and the line of the timeline of the state that a session has come to. */
  tellSession(
    row: Pick<
      SessionRow,
      'id' | 'project_id' | 'app_id' | 'state' | 'instance_id' | 'subject' | 'end_reason' | 'end_by'
    >,
    detail: Record<string, unknown> = {},
  ): void {
    const ended = row.end_reason === null ? {} : { reason: row.end_reason };
    this.note(row.id, row.state, { ...ended, ...detail });
    this.#events.push({
      projectId: row.project_id,
      kind: `streams.session.${row.state}`,
      subject: { kind: 'session', id: row.id },
      body: {
        appId: row.app_id,
        instanceId: row.instance_id,
        subject: row.subject,
        ...ended,
        ...(row.end_by === null ? {} : { by: row.end_by }),
        ...detail,
      },
    });
  }

  tellApp(
    row: Pick<AppRow, 'id' | 'project_id' | 'slug'>,
    what: string,
    body: Record<string, unknown> = {},
  ): void {
    this.#events.push({
      projectId: row.project_id,
      kind: `streams.app.${what}`,
      subject: { kind: 'app', id: row.id },
      body: { slug: row.slug, ...body },
    });
  }

  /** A line of a session's timeline. */
  note(sessionId: string, what: string, detail: Record<string, unknown> = {}): void {
    this.#timeline.push({ session_id: sessionId, what, detail });
  }

  async finish(kernel: Kernel): Promise<void> {
    if (this.#timeline.length > 0) {
      await sql`
        INSERT INTO streams_timeline (session_id, what, detail)
        SELECT session_id, what, detail
        FROM jsonb_to_recordset(${JSON.stringify(this.#timeline)}::jsonb) AS t(session_id uuid, what text, detail jsonb)
      `.execute(this.tx);
    }
    await kernel.events.append(this.tx, this.#events);
  }

  announce(kernel: Kernel): void {
    if (this.#events.length > 0) kernel.events.wake();
    for (const effect of this.#effects) effect();
  }
}

/** Runs a change in a transaction of its own, and its effects after the commit. */
export async function runChange<T>(kernel: Kernel, work: (change: Change) => Promise<T>): Promise<T> {
  const [change, result] = await kernel.transaction(async (tx) => {
    const current = new Change(tx);
    const value = await work(current);
    await current.finish(kernel);
    return [current, value] as const;
  });
  change.announce(kernel);
  return result;
}

/** The database's clock. */
export const now = sql<Date>`now()`;
