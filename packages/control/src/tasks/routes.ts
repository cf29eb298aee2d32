import { Readable } from 'node:stream';
import type { Clock } from '@backlot/contract';
import {
  BacklotError,
  Id,
  IdParams,
  kernelErrors,
  LogPage,
  LogQuery,
  Page,
  Task,
  TaskDetail,
  TaskQuery,
  TaskRelease,
  taskStatesEnded,
} from '@backlot/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sql } from 'kysely';
import { z } from 'zod';
import { decodeCursor, page } from '../http/paging.ts';
import type { JobsRoom } from '../jobs/create-jobs.ts';
import { projectOfAllocation, projectOfTask } from '../jobs/create-jobs.ts';
import { requireOwnOrOperator } from '../jobs/ownership.ts';
import { requireInputs } from '../jobs/require-inputs.ts';
import type { AccessControl, Artifacts } from '../kernel.ts';
import type { App, RouteAccess } from '../workload.ts';
import { type LogDeps, type LogQuestion, readLog } from './log/read-log.ts';
import { streamLog } from './log/stream-log.ts';
import { readTaskDetail, readTasks } from './task-view.ts';

export interface TaskRouteDeps extends LogDeps {
  readonly jobs: JobsRoom;
  readonly access: AccessControl;
  readonly artifacts: Pick<Artifacts, 'visibleTo'>;
  readonly clock: Clock;
}

const idOf = (request: FastifyRequest) => (request.params as { id: string }).id;
/** `raw=1` answers the bytes as they are, for downloading. */
const LogQuestionQuery = LogQuery.extend({ raw: z.stringbool().default(false) });

/** Tasks, their attempts and their logs. */
export function taskRoutes(app: App, deps: TaskRouteDeps): void {
  const inTask = (permission: string): RouteAccess => ({
    kind: 'permission',
    permission,
    project: (request) => projectOfTask(deps.db, idOf(request)),
  });
  const inAllocation = (permission: string): RouteAccess => ({
    kind: 'permission',
    permission,
    project: (request) => projectOfAllocation(deps.db, idOf(request)),
  });
  const detail = async (id: string) => {
    const task = await readTaskDetail(deps.db, id);
    if (!task) throw new BacklotError(kernelErrors.not_found, { params: { what: 'task', id } });
    return task;
  };

  app.get(
    '/api/v1/tasks',
    {
      config: { access: { kind: 'permission', permission: 'jobs.read', project: 'any' } },
      schema: {
        summary: 'Tasks; those of one job in their order, others newest first.',
        querystring: TaskQuery,
        response: { 200: Page(Task) },
      },
    },
    async (request) => {
      const query = request.query;
      const order = query.jobId ? 'asc' : 'desc';
      const after = decodeCursor(query.cursor, z.object({ id: Id }));
      const projects = deps.access.projectsWith(request.actor, 'jobs.read');
      const conditions = [
        projects === 'all' ? sql`true` : sql`t.project_id = ANY(${[...projects]}::uuid[])`,
        query.jobId ? sql`t.job_id = ${query.jobId}` : sql`true`,
        query.projectId ? sql`t.project_id = ${query.projectId}` : sql`true`,
        query.state ? sql`t.state = ${query.state}` : sql`true`,
        query.open === undefined
          ? sql`true`
          : query.open
            ? sql`t.state <> ALL(${taskStatesEnded})`
            : sql`t.state = ANY(${taskStatesEnded})`,
        query.nodeId
          ? sql`(t.id IN (SELECT task_id FROM allocation WHERE node_id = ${query.nodeId})
              OR t.id IN (SELECT task_id FROM allocation_history WHERE node_id = ${query.nodeId}))`
          : sql`true`,
        after ? (order === 'asc' ? sql`t.id > ${after.id}` : sql`t.id < ${after.id}`) : sql`true`,
      ];
      const tasks = await readTasks(deps.db, sql.join(conditions, sql` AND `), order, query.limit + 1);
      return page(
        tasks,
        query.limit,
        (last) => ({ id: last.id }),
        (task) => task,
      );
    },
  );

  app.get(
    '/api/v1/tasks/:id',
    {
      config: { access: inTask('jobs.read') },
      schema: {
        summary: 'A task with all of its attempts.',
        params: IdParams,
        response: { 200: TaskDetail },
      },
    },
    (request) => detail(request.params.id),
  );

  const steer = (
    action: 'requeue' | 'cancel',
    summary: string,
    act: (id: string, request: FastifyRequest) => Promise<void>,
  ) =>
    app.post(
      `/api/v1/tasks/:id/${action}`,
      {
        config: { access: inTask('jobs.control') },
        schema: { summary, params: IdParams, response: { 200: TaskDetail } },
      },
      async (request) => {
        await requireOwnOrOperator(deps, request.actor, { taskId: request.params.id });
        await act(request.params.id, request);
        return detail(request.params.id);
      },
    );
  steer('requeue', 'Queues a task once more, or takes it back from its node.', (id, request) =>
    deps.jobs.requeueTask(id, request.actor),
  );
  steer('cancel', 'Cancels a task and what builds on it.', (id, request) =>
    deps.jobs.cancelTask(id, request.actor),
  );

  app.post(
    '/api/v1/tasks/:id/release',
    {
      config: { access: inTask('jobs.control') },
      schema: {
        summary: 'Lets a held task go on, with the files or parameters that were missing.',
        params: IdParams,
        body: TaskRelease,
        response: { 200: TaskDetail },
      },
    },
    async (request) => {
      const { id } = request.params;
      await requireOwnOrOperator(deps, request.actor, { taskId: id });
      const { parameters, inputs } = request.body;
      const project = await projectOfTask(deps.db, id);
      if (project !== null && inputs) await requireInputs(deps, request.actor, project, inputs);
      await deps.jobs.release(
        id,
        { ...(parameters ? { parameters } : {}), ...(inputs ? { inputs } : {}) },
        request.actor,
      );
      return detail(id);
    },
  );

  const latestAttempt = async (taskId: string): Promise<string> => {
    const { allocation } = await detail(taskId);
    if (allocation) return allocation.id;
    throw new BacklotError(kernelErrors.not_found, { params: { what: 'attempt', id: taskId } });
  };
  const owners = [
    { path: '/api/v1/allocations/:id', access: inAllocation('jobs.read'), of: async (id: string) => id },
    { path: '/api/v1/tasks/:id', access: inTask('jobs.read'), of: latestAttempt },
  ] as const;
  for (const owner of owners) {
    app.get(
      `${owner.path}/log`,
      {
        config: { access: owner.access },
        schema: {
          summary: 'A piece of the log of an attempt; of the latest one when asked by task.',
          params: IdParams,
          querystring: LogQuestionQuery,
          response: { 200: LogPage },
        },
      },
      async (request, reply) => {
        const question = questionOf(await owner.of(request.params.id), request.query);
        if (request.query.raw) return sendRaw(deps, reply, question);
        const piece = await readLog(deps, question);
        return { text: decode(piece.bytes), from: piece.from, next: piece.next, ended: piece.ended };
      },
    );
    app.get(
      `${owner.path}/log/stream`,
      {
        config: { access: owner.access },
        schema: {
          summary: 'A log as server-sent events, until the attempt has ended.',
          params: IdParams,
          querystring: LogQuery,
        },
      },
      async (request, reply) => {
        const resume = Number(request.headers['last-event-id']);
        const question = {
          ...questionOf(await owner.of(request.params.id), request.query),
          ...(Number.isSafeInteger(resume) && resume > 0 ? { from: resume } : {}),
        };
        const gone = new AbortController();
        reply.raw.on('close', () => gone.abort());
        return reply
          .header('content-type', 'text/event-stream; charset=utf-8')
          .header('cache-control', 'no-store')
          .send(Readable.from(streamLog(deps, question, gone.signal)));
      },
    );
  }
}

function questionOf(allocationId: string, query: z.output<typeof LogQuery>): LogQuestion {
  return { allocationId, stream: query.stream, from: query.from, limit: query.limit };
}

/** Lossy: a log may hold any bytes. A character that is cut at the end shows as a replacement until read on. */
function decode(bytes: Buffer): string {
  return new TextDecoder('utf-8').decode(bytes);
}

/** The whole log from `from` on, byte for byte, piece by piece as the client takes it. */
function sendRaw(deps: TaskRouteDeps, reply: FastifyReply, question: LogQuestion) {
  const gone = new AbortController();
  reply.raw.on('close', () => gone.abort());
  async function* pieces() {
    let from = question.from;
    while (!gone.signal.aborted) {
      const piece = await readLog(deps, { ...question, from, limit: 1024 * 1024 }, gone.signal);
      if (piece.bytes.length === 0) return;
      from = piece.next;
      yield piece.bytes;
    }
  }
  return reply
    .header('content-type', 'application/octet-stream')
    .header('content-disposition', `attachment; filename="${question.allocationId}.${question.stream}.log"`)
    .send(Readable.from(pieces()));
}
