import { newId } from '@backlot/contract';
import type { Kernel, Tx } from '@backlot/control/workload';
import { sql } from 'kysely';
import type { RecorderEvent } from '../../../contract/bililive/webhook.ts';
import { compatTables, type WebhookFileRow } from '../tables.ts';
import { type FileChange, type FileEvent, type FileState, judgeOpen, lateMs, tellFile } from './book.ts';
import { forgetOld } from './forget.ts';

/** Kinds of events that webhooks become, once each. */
export const webhookEventKinds = {
  sessionStarted: 'recordings.session.started',
  sessionEnded: 'recordings.session.ended',
  fileOpened: 'recordings.file.opened',
  fileClosed: 'recordings.file.closed',
} as const;

/** Files in one transaction of a sweep. */
const batch = 200;

/** What one sweep has done. */
export interface Swept {
  /** Closes that were made up. */
  readonly closed: number;
  /** Files that were looked at: those that were due, and no others. */
  readonly looked: number;
}

/** What BililiveRecorders tell by webhook, written down: each thing once, however often and in whatever order it comes. */
export class Webhooks {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /**
   * @param source which recorder says it; rooms and paths of two recorders are different ones
   * @returns false for what was told before
   */
  async take(projectId: string, source: string, event: RecorderEvent): Promise<boolean> {
    const fresh = await this.#kernel.transaction(async (tx) => {
      const { numInsertedOrUpdatedRows } = await compatTables(tx)
        .insertInto('recordings_webhook_event')
        .values({ project_id: projectId, event_id: event.eventId })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows === 0n) return false;
      // One recorder at a time: a file may not be known yet, so that there is no row to lock.
      await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`webhook ${projectId} ${source}`}, 0))`.execute(
        tx,
      );
      if ('path' in event) await this.#file(tx, projectId, source, event);
      else if ('sessionId' in event) await this.#session(tx, projectId, source, event);
      return true;
    });
    if (fresh) this.#kernel.events.wake();
    return fresh;
  }

  /**
   * Makes up closes that never came, and forgets what is old. A file is looked at when something may follow for it, and not
   * before: however many wait for hours, none of them keeps another from its turn. Repeatable; several control processes
   * may do it at once.
   */
  async sweep(): Promise<Swept> {
    await forgetOld(this.#kernel.db, this.#kernel.clock.now());
    let closed = 0;
    let looked = 0;
    for (;;) {
      const one = await this.#kernel.transaction((tx) => this.#lookAtDue(tx, this.#kernel.clock.now()));
      if (one.closed > 0) this.#kernel.events.wake();
      closed += one.closed;
      looked += one.looked;
      // What was looked at is closed or due later, so this comes to an end.
      if (one.looked < batch) return { closed, looked };
    }
  }

  async #lookAtDue(tx: Tx, now: number): Promise<Swept> {
    const due = await sql<WebhookFileRow & { session_ended: Date | null; later_session: Date | null }>`
      SELECT f.*, s.ended_at AS session_ended, (
        SELECT min(l.started_at) FROM recordings_webhook_session l
        WHERE l.project_id = f.project_id AND l.source = f.source AND l.room_id = f.room_id
          AND l.session_id <> f.session_id AND l.started_at > coalesce(f.opened_at, f.seen_at)
      ) AS later_session
      FROM recordings_webhook_file f
      LEFT JOIN recordings_webhook_session s
        ON s.project_id = f.project_id AND s.source = f.source AND s.session_id = f.session_id
      WHERE f.state = 'open' AND f.look_at <= ${new Date(now)}
      ORDER BY f.look_at LIMIT ${batch} FOR NO KEY UPDATE OF f SKIP LOCKED
    `.execute(tx);
    let closed = 0;
    for (const row of due.rows) {
      const sessionEndedAt = ms(row.session_ended);
      const laterSessionAt = ms(row.later_session);
      const seenAt = row.seen_at.getTime();
      const verdict = judgeOpen(now, { seenAt, sessionEndedAt, laterSessionAt });
      const closedAt = new Date(sessionEndedAt ?? laterSessionAt ?? seenAt);
      await compatTables(tx)
        .updateTable('recordings_webhook_file')
        .set(
          verdict.missing
            ? { state: 'closed', assumed: true, closed_at: closedAt }
            : { look_at: new Date(verdict.lookAt) },
        )
        .where('id', '=', row.id)
        .execute();
      if (!verdict.missing) continue;
      await this.#tell(tx, row, webhookEventKinds.fileClosed, { assumed: true, why: verdict.why });
      closed += 1;
    }
    return { closed, looked: due.rows.length };
  }

  async #file(tx: Tx, projectId: string, source: string, event: FileEvent): Promise<void> {
    const known = await compatTables(tx)
      .selectFrom('recordings_webhook_file')
      .selectAll()
      .where('project_id', '=', projectId)
      .where('source', '=', source)
      .where('path', '=', event.path)
      // A path names a file whatever its session: version 1 knows none.
      .where(({ eb }) =>
        event.sessionId === null
          ? eb.lit(true)
          : eb.or([eb('session_id', '=', event.sessionId), eb('session_id', '=', '')]),
      )
      .orderBy('session_id', 'desc')
      .executeTakeFirst();
    const change = tellFile(known && stateOf(known), event);
    if (!change) return;
    const row = known
      ? await this.#change(tx, known.id, change)
      : await this.#insert(tx, { projectId, source, event, change });
    if (change.opened) await this.#tell(tx, row, webhookEventKinds.fileOpened, {});
    if (change.closed) await this.#tell(tx, row, webhookEventKinds.fileClosed, { assumed: false });
  }

  async #session(
    tx: Tx,
    projectId: string,
    source: string,
    event: Extract<RecorderEvent, { kind: 'session-started' | 'session-ended' }>,
  ): Promise<void> {
    const at = new Date(event.at);
    const started = event.kind === 'session-started';
    const db = compatTables(tx);
    const known = await db
      .selectFrom('recordings_webhook_session')
      .selectAll()
      .where('project_id', '=', projectId)
      .where('source', '=', source)
      .where('session_id', '=', event.sessionId)
      .executeTakeFirst();
    if (started ? known?.started_at : known?.ended_at) return;
    const told = {
      ...(started ? { started_at: at } : { ended_at: at }),
      seen_at: new Date(this.#kernel.clock.now()),
    };
    await db
      .insertInto('recordings_webhook_session')
      .values({
        project_id: projectId,
        source,
        session_id: event.sessionId,
        room_id: event.roomId,
        ...told,
      })
      .onConflict((conflict) => conflict.columns(['project_id', 'source', 'session_id']).doUpdateSet(told))
      .execute();
    const { roomId, name, title, sessionId } = event;
    // Something follows for files that are still open: of this session, or of an earlier one of the room.
    const soon = new Date(this.#kernel.clock.now() + lateMs);
    await db
      .updateTable('recordings_webhook_file')
      .set({ look_at: sql<Date>`least(look_at, ${soon})` })
      .where('project_id', '=', projectId)
      .where('source', '=', source)
      .where('state', '=', 'open')
      .where(started ? 'room_id' : 'session_id', '=', started ? roomId : sessionId)
      .execute();
    await this.#kernel.events.append(tx, [
      {
        projectId,
        kind: started ? webhookEventKinds.sessionStarted : webhookEventKinds.sessionEnded,
        subject: { kind: 'recorder-session', id: sessionId },
        body: { roomId, name, title, source },
      },
    ]);
  }

  async #insert(
    tx: Tx,
    it: {
      readonly projectId: string;
      readonly source: string;
      readonly event: FileEvent;
      readonly change: FileChange;
    },
  ): Promise<WebhookFileRow> {
    return await compatTables(tx)
      .insertInto('recordings_webhook_file')
      .values({
        id: newId(this.#kernel.clock.now()),
        project_id: it.projectId,
        source: it.source,
        path: it.event.path,
        room_id: it.event.roomId,
        ...this.#seen(),
        ...columnsOf(it.change.next),
      })
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  async #change(tx: Tx, id: string, { next }: FileChange): Promise<WebhookFileRow> {
    return await compatTables(tx)
      .updateTable('recordings_webhook_file')
      .set({ ...columnsOf(next), ...this.#seen() })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  /** Something was told of it just now: the next sweep finds out when it has to be looked at. */
  #seen(): { seen_at: Date; look_at: Date } {
    const now = new Date(this.#kernel.clock.now());
    return { seen_at: now, look_at: now };
  }

  async #tell(tx: Tx, row: WebhookFileRow, kind: string, more: Record<string, unknown>): Promise<void> {
    const event = {
      projectId: row.project_id,
      kind,
      subject: { kind: 'recorder-file', id: row.id },
      body: {
        roomId: row.room_id,
        name: row.name,
        title: row.title,
        source: row.source,
        sessionId: row.session_id,
        path: row.path,
        size: row.size,
        ...more,
      },
    };
    await this.#kernel.events.append(tx, [event]);
  }
}

const ms = (date: Date | null): number | null => date?.getTime() ?? null;
const date = (at: number | null): Date | null => (at === null ? null : new Date(at));

function stateOf(row: WebhookFileRow): FileState {
  return {
    sessionId: row.session_id === '' ? null : row.session_id,
    state: row.state,
    openedAt: ms(row.opened_at),
    closedAt: ms(row.closed_at),
    size: row.size,
    durationMs: row.duration_ms,
    assumed: row.assumed,
    name: row.name,
    title: row.title,
  };
}

function columnsOf(state: FileState) {
  return {
    session_id: state.sessionId ?? '',
    state: state.state,
    opened_at: date(state.openedAt),
    closed_at: date(state.closedAt),
    size: state.size,
    duration_ms: state.durationMs,
    assumed: state.assumed,
    name: state.name,
    title: state.title,
  };
}
