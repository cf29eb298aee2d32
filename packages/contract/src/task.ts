import { z } from 'zod';
import { CapabilityQuery } from './capability.ts';
import { Digest } from './id.ts';
import { Resources } from './resources.ts';

/** Interactive before live before batch. Live is never preempted, interactive is re-created rather than retried. */
export const taskClasses = ['interactive', 'live', 'batch'] as const;
export const TaskClass = z.enum(taskClasses);
export type TaskClass = z.infer<typeof TaskClass>;

/** A file that a task reads, by content. The node puts it at `inputs/<name>` in the allocation's folder. */
export const TaskInput = z.object({
  /** A relative path of our own making: no `..`, no leading slash. */
  name: z
    .string()
    .min(1)
    .max(500)
    .refine(
      (n) =>
        !n.startsWith('/') &&
        !n.split('/').some((s) => s === '..' || s === '.' || s === '') &&
        !/[\0\\]/.test(n),
      {
        message: 'An input name is a relative path without "..".',
      },
    ),
  digest: Digest,
  size: z.number().int().nonnegative(),
});
export type TaskInput = z.infer<typeof TaskInput>;

/** Where a task may run. */
export const Constraints = z.object({
  pool: z.string().optional(),
  capabilities: z.array(CapabilityQuery).default([]),
  /** All of these labels with exactly these values. */
  labels: z.record(z.string(), z.string()).default({}),
  /** Only on these nodes, by id. */
  nodes: z.array(z.string()).optional(),
  /** Rather on one of these nodes, by id, because they hold its inputs; elsewhere when they can't take it. */
  prefer: z.array(z.string()).max(50).optional(),
});
export type Constraints = z.infer<typeof Constraints>;

/** How an attempt that failed is tried again. */
export const RetryPolicy = z.object({
  /** Attempts in all that may fail; preemption, loss and missing capabilities are not counted. */
  maxAttempts: z.number().int().min(1).max(1_000_000).default(3),
  /** First back-off in milliseconds; doubled each time, at most `maxBackoffMs`, with jitter. */
  backoffMs: z.number().int().nonnegative().default(1_000),
  maxBackoffMs: z.number().int().nonnegative().default(60_000),
  /** Goes on through all its attempts, also when the same failure shows on several nodes: it is somebody else's server that is away. */
  persistent: z.boolean().optional(),
});
export type RetryPolicy = z.infer<typeof RetryPolicy>;

/** Limits that the runner enforces whatever the child does. */
export const TaskLimits = z.object({
  /** Milliseconds from the start of the process. */
  wallMs: z.number().int().positive().optional(),
  /** Milliseconds without a byte of output or a word of progress. */
  silenceMs: z.number().int().positive().optional(),
  /** Milliseconds between asking the process to end and killing its tree. */
  stopGraceMs: z.number().int().nonnegative().default(5_000),
});
export type TaskLimits = z.infer<typeof TaskLimits>;

/**
 * What a job kind asks the kernel to create. `key` names the task inside its job: creating the same key twice
 * creates one task, so that following up on an event that is delivered twice is harmless.
 */
export const TaskDraft = z.object({
  key: z.string().min(1).max(200),
  kind: z.string().regex(/^[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*$/, 'A task kind is "<workload>.<kind>".'),
  class: TaskClass.default('batch'),
  parameters: z.record(z.string(), z.unknown()).default({}),
  resources: Resources.prefault({}),
  constraints: Constraints.prefault({}),
  inputs: z.array(TaskInput).default([]),
  /** Keys of tasks of the same job that must have succeeded before. */
  needs: z.array(z.string()).default([]),
  retry: RetryPolicy.prefault({}),
  limits: TaskLimits.prefault({}),
  /** Added to the job's priority. */
  priority: z.number().int().min(-100).max(100).default(0),
  /** Share of the job's progress, in whatever unit the workload likes (frames). */
  weight: z.number().nonnegative().default(1),
  /** Runs inside a host of this kind instead of a process of its own. */
  host: z.string().optional(),
});
export type TaskDraft = z.infer<typeof TaskDraft>;
export type TaskDraftInput = z.input<typeof TaskDraft>;
