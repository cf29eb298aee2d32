import { z } from 'zod';
import { Failure } from '../failure.ts';
import { Id } from '../id.ts';
import { Progress } from '../link/messages.ts';
import { Usage } from '../output.ts';
import { Reason } from '../phrase.ts';
import { Resources } from '../resources.ts';
import { AllocationOutcome, AllocationState } from '../states/allocation.ts';
import { JobIntent, JobState } from '../states/job.ts';
import { TaskState } from '../states/task.ts';
import { TaskClass, TaskInput } from '../task.ts';
import { PageQuery, Timestamp } from './common.ts';

/** 0..1 by weight of the tasks; `etaMs` with its band once there is something measured to say it from. */
export const JobProgress = z.object({
  fraction: z.number().min(0).max(1),
  done: z.number(),
  total: z.number(),
  etaMs: z.number().nonnegative().nullable(),
  etaLowMs: z.number().nonnegative().nullable(),
  etaHighMs: z.number().nonnegative().nullable(),
});
export type JobProgress = z.infer<typeof JobProgress>;

export const Job = z.object({
  id: Id,
  projectId: Id,
  kind: z.string(),
  name: z.string(),
  state: JobState,
  intent: JobIntent,
  priority: z.number().int(),
  counts: z.record(z.string(), z.number().int()),
  progress: JobProgress,
  /** Why it does not go on, when it doesn't: the scheduler's own words. */
  wait: Reason.nullable(),
  failure: Failure.nullable(),
  createdBy: z.object({ id: z.string().nullable(), name: z.string() }),
  createdAt: Timestamp,
  startedAt: Timestamp.nullable(),
  endedAt: Timestamp.nullable(),
  /** The workload's parameters, as they were accepted. */
  parameters: z.record(z.string(), z.unknown()),
  /** What the workload remembers of the job: an import's facts, measured times. */
  facts: z.record(z.string(), z.unknown()),
});
export type Job = z.infer<typeof Job>;
export const JobQuery = PageQuery.extend({
  projectId: Id.optional(),
  kind: z.string().max(60).optional(),
  state: JobState.optional(),
  text: z.string().max(200).optional(),
});
/** Submits a job of any kind; the kind's own schema checks the parameters. */
export const JobCreate = z.object({
  kind: z.string().min(1).max(60),
  projectId: Id,
  name: z.string().trim().min(1).max(200),
  parameters: z.record(z.string(), z.unknown()).default({}),
  priority: z.number().int().min(-100).max(100).default(0),
});
export type JobCreate = z.infer<typeof JobCreate>;
/** Lets a held task go on: changed parameters are merged by key, files by name. */
export const TaskRelease = z.object({
  parameters: z.record(z.string(), z.unknown()).optional(),
  inputs: z.array(TaskInput).max(1000).optional(),
});
export const JobPatch = z.object({
  intent: JobIntent.optional(),
  priority: z.number().int().min(-100).max(100).optional(),
  name: z.string().trim().min(1).max(200).optional(),
});

export const AllocationView = z.object({
  id: Id,
  taskId: Id,
  nodeId: Id,
  nodeName: z.string(),
  fence: z.number().int(),
  state: AllocationState,
  outcome: AllocationOutcome.nullable(),
  failure: Failure.nullable(),
  reason: Reason.nullable(),
  usage: Usage.nullable(),
  offeredAt: Timestamp,
  startedAt: Timestamp.nullable(),
  endedAt: Timestamp.nullable(),
});
export type AllocationView = z.infer<typeof AllocationView>;

export const Task = z.object({
  id: Id,
  jobId: Id.nullable(),
  projectId: Id,
  key: z.string(),
  kind: z.string(),
  class: TaskClass,
  state: TaskState,
  priority: z.number().int(),
  attempt: z.number().int(),
  maxAttempts: z.number().int(),
  weight: z.number(),
  parameters: z.record(z.string(), z.unknown()),
  resources: Resources,
  /** Why it waits, for every state in which it does. */
  wait: Reason.nullable(),
  progress: Progress.nullable(),
  failure: Failure.nullable(),
  result: z.record(z.string(), z.unknown()).nullable(),
  allocation: AllocationView.nullable(),
  createdAt: Timestamp,
  readyAt: Timestamp.nullable(),
  endedAt: Timestamp.nullable(),
});
export type Task = z.infer<typeof Task>;
export const TaskDetail = Task.extend({ allocations: z.array(AllocationView), needs: z.array(Id) });
export type TaskDetail = z.infer<typeof TaskDetail>;
export const TaskQuery = PageQuery.extend({
  jobId: Id.optional(),
  projectId: Id.optional(),
  nodeId: Id.optional(),
  state: TaskState.optional(),
  open: z.stringbool().optional(),
});

export const LogQuery = z.object({
  stream: z.enum(['stdout', 'stderr']).default('stdout'),
  from: z.coerce.number().int().default(0).describe('Byte to start at; negative counts from the end.'),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(1024 * 1024)
    .default(64 * 1024)
    .describe('Bytes of the answer, at most.'),
});
/** Text is decoded lossily for display; `raw=1` answers the bytes. `next` is where to go on reading. */
export const LogPage = z.object({
  text: z.string(),
  from: z.number().int(),
  next: z.number().int(),
  ended: z.boolean(),
});
