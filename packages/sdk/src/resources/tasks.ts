import { Page } from '@backlot/contract/api/common';
import { LogPage, type LogQuery, Task, TaskDetail, type TaskQuery } from '@backlot/contract/api/jobs';
import type { z } from 'zod';
import { type QueryOf, Resource, segment, withSignal } from '../resource.ts';

/** A piece of a log, and where to go on reading. */
export type LogPiece = z.output<typeof LogPage>;

/** The smallest units that are placed, with their attempts and logs. */
export class TasksApi extends Resource {
  list(query: QueryOf<typeof TaskQuery> = {}, signal?: AbortSignal): AsyncGenerator<Task, void, undefined> {
    return this.every('/api/v1/tasks', Page(Task), query, signal);
  }

  get(id: string, signal?: AbortSignal): Promise<TaskDetail> {
    return this.transport.call('GET', `/api/v1/tasks/${segment(id)}`, TaskDetail, withSignal(signal));
  }

  /** Queues a failed or held task again. */
  requeue(id: string, signal?: AbortSignal): Promise<Task> {
    return this.transport.call('POST', `/api/v1/tasks/${segment(id)}/requeue`, Task, {
      json: {},
      ...withSignal(signal),
    });
  }

  cancel(id: string, signal?: AbortSignal): Promise<Task> {
    return this.transport.call('POST', `/api/v1/tasks/${segment(id)}/cancel`, Task, {
      json: {},
      ...withSignal(signal),
    });
  }

  /** One piece of the log of a task's latest attempt, decoded for display. */
  log(id: string, query: QueryOf<typeof LogQuery> = {}, signal?: AbortSignal): Promise<LogPiece> {
    return this.transport.call('GET', `/api/v1/tasks/${segment(id)}/log`, LogPage, {
      query,
      ...withSignal(signal),
    });
  }

  /** The log from `from` to where it ends now. */
  wholeLog(
    id: string,
    query: QueryOf<typeof LogQuery> = {},
    signal?: AbortSignal,
  ): AsyncGenerator<LogPiece, void, undefined> {
    return this.#pieces(id, query, false, signal);
  }

  /**
   * The log from `from` on, and what is still written to it, until the attempt has ended and all of it was
   * read. Asks again after half a second when there was nothing new.
   */
  followLog(
    id: string,
    query: QueryOf<typeof LogQuery> = {},
    signal?: AbortSignal,
  ): AsyncGenerator<LogPiece, void, undefined> {
    return this.#pieces(id, query, true, signal);
  }

  async *#pieces(
    id: string,
    query: QueryOf<typeof LogQuery>,
    follow: boolean,
    signal?: AbortSignal,
  ): AsyncGenerator<LogPiece, void, undefined> {
    let from = query.from;
    for (;;) {
      const piece = await this.log(id, { ...query, from }, signal);
      if (piece.text !== '') yield piece;
      const grew = piece.next > piece.from;
      if (!grew && (piece.ended || !follow)) return;
      from = piece.next;
      if (!grew) await this.transport.clock.sleep(500, signal);
    }
  }
}
