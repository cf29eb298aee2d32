import { z } from 'zod';
import { Id } from './id.ts';

/**
 * Something that happened at a task's work: a broadcast began, a target did not answer. The node writes it down, the
 * control plane makes exactly one event of it, with the subject `task`, however often it is told: the event's body is
 * `body` and `taskId`, `jobId`, `nodeId`, `allocationId`, `key`, `at`.
 */
export const FactDraft = z.object({
  /** Names the fact within its allocation: told twice, it is one. */
  key: z.string().min(1).max(200),
  /** The event's kind; its first word is the workload's name. What is not of the task's own workload is refused. */
  kind: z
    .string()
    .max(100)
    .regex(/^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$/, 'The kind of a fact is "<workload>.<words>".'),
  /** When it happened, by the node's clock. */
  at: z.iso.datetime(),
  /** At most 16 kB of JSON; more belongs into an output. */
  body: z.record(z.string(), z.unknown()),
  /** The version of a flow that was to follow when it happened; what a node that is cut off goes by. */
  flow: z.object({ version: Id }).optional(),
});
export type FactDraft = z.infer<typeof FactDraft>;

/** Most characters of a fact's body as JSON. */
export const factBodyLimit = 16 * 1024;
