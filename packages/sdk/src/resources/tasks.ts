import { Page } from '@backlot/contract/api/common';
import { LogPage, type LogQuery, Task, TaskDetail, type TaskQuery } from '@backlot/contract/api/jobs';
import type { z } from 'zod';
import { type QueryOf, Resource, segment, withSignal } from '../resource.ts';

/** What one call of {@link TasksApi.followLog} yields. */
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

  /** One piece of an attempt's log, decoded for display. */
  log(allocationId: string, query: QueryOf<typeof LogQuery> = {}, signal?: AbortSignal): Promise<LogPiece> {
    return this.transport.call('GET', `/api/v1/allocations/${segment(allocationId)}/log`, LogPage, {
      query,
      ...withSignal(signal),
    });
  }

  /**
   * An attempt's log from `from` on, and what is still written to it, until the attempt has ended and all of
   * it was read. Asks again after half a second when there was nothing new.
   */
  async *followLog(
    allocationId: string,
    query: QueryOf<typeof LogQuery> = {},
    signal?: AbortSignal,
  ): AsyncGenerator<LogPiece, void, undefined> {
    let from = query.from;
    for (;;) {
      const piece = await this.log(
        allocationId,
        { ...query, ...(from === undefined ? {} : { from }) },
        signal,
      );
      if (piece.text !== '') yield piece;
      const grew = piece.next > piece.from;
      if (piece.ended && !grew) return;
      from = piece.next;
      if (!grew) await this.transport.clock.sleep(500, signal);
    }
  }
}
