import { Id, PageQuery, Reason, TaskState, Timestamp } from '@backlot/contract';
import { z } from 'zod';
import { NoticeLevel } from './notice.ts';
import { TargetKind } from './target.ts';
import { AllowedCommand, UploadProgress } from './tasks.ts';

export const TargetQuery = PageQuery.extend({ projectId: Id.optional(), kind: TargetKind.optional() });

/**
 * waiting    for its turn, a node, or the next try
 * running    on its way
 * done       arrived; for uploads: the bytes stand there
 * failed     given up
 */
export const deliveryStates = ['waiting', 'running', 'done', 'failed', 'canceled'] as const;
export const DeliveryState = z.enum(deliveryStates);
export type DeliveryState = z.infer<typeof DeliveryState>;

/** A file on its way to a target, or there. */
export const Delivery = z.object({
  /** Of the task. */
  id: Id,
  projectId: Id,
  jobId: Id.nullable(),
  jobName: z.string(),
  kind: z.enum(['upload', 'verify']),
  /** Its name; what the step says where there is no such target any more. */
  target: z.string(),
  path: z.string(),
  /** Bytes. */
  size: z.number().int(),
  state: DeliveryState,
  taskState: TaskState,
  /** Attempts that have failed. */
  attempts: z.number().int(),
  progress: UploadProgress.partial().nullable(),
  /** Why it waits. */
  wait: Reason.nullable(),
  /** What the last attempt ended with. */
  fault: Reason.nullable(),
  /** When the next attempt begins, while one is waited for. */
  nextTryAt: Timestamp.nullable(),
  nodeId: Id.nullable(),
  nodeName: z.string().nullable(),
  createdAt: Timestamp,
  endedAt: Timestamp.nullable(),
});
export type Delivery = z.infer<typeof Delivery>;
export const DeliveryQuery = PageQuery.extend({
  projectId: Id.optional(),
  state: DeliveryState.optional(),
  target: z.string().max(100).optional().describe('Name or id of the target.'),
  jobId: Id.optional().describe('The job: of a flow, its run’s.'),
});

/**
 * pending    waits for its turn or the next try
 * delivered  the service has taken it
 * failed     given up after all tries
 * folded     one of too many of its group: counted, and told with the others in one message
 */
export const messageStates = ['pending', 'delivered', 'failed', 'folded'] as const;
export const Message = z.object({
  id: Id,
  projectId: Id,
  targetId: Id,
  target: z.string(),
  group: z.string(),
  title: z.string(),
  text: z.string(),
  level: NoticeLevel,
  state: z.enum(messageStates),
  attempts: z.number().int(),
  nextTryAt: Timestamp.nullable(),
  /** What the last try failed with. */
  fault: z.string().nullable(),
  createdAt: Timestamp,
  endedAt: Timestamp.nullable(),
});
export type Message = z.infer<typeof Message>;
export const MessageQuery = PageQuery.extend({
  projectId: Id.optional(),
  targetId: Id.optional(),
  state: z.enum(messageStates).optional(),
});

/** Kinds of events that go to a target as messages. */
export const Subscription = z.object({
  id: Id,
  projectId: Id,
  targetId: Id,
  target: z.string(),
  /** `disk.low`, `recordings.*`. */
  kinds: z.array(z.string()),
  language: z.enum(['en', 'zh-CN']),
  enabled: z.boolean(),
  createdAt: Timestamp,
});
export type Subscription = z.infer<typeof Subscription>;
const Kinds = z
  .array(
    z
      .string()
      .regex(/^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)*(\.\*)?$/, 'A kind is "disk.low" or "recordings.*".'),
  )
  .min(1)
  .max(50);
export const SubscriptionCreate = z.object({
  targetId: Id,
  kinds: Kinds,
  language: z.enum(['en', 'zh-CN']).default('en'),
  enabled: z.boolean().default(true),
});
export const SubscriptionPatch = z.object({
  kinds: Kinds.optional(),
  language: z.enum(['en', 'zh-CN']).optional(),
  enabled: z.boolean().optional(),
});
export const SubscriptionQuery = PageQuery.extend({ projectId: Id.optional(), targetId: Id.optional() });

export const Command = AllowedCommand.extend({ name: z.string(), changedAt: Timestamp });
export type Command = z.infer<typeof Command>;
export const CommandParams = z.object({ name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,59}$/) });
