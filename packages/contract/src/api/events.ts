import { z } from 'zod';
import { Id } from '../id.ts';
import { PageQuery, Timestamp } from './common.ts';

/** An append-only fact. `seq` grows; gaps are allowed (a transaction may roll back). */
export const Event = z.object({
  seq: z.number().int(),
  id: Id,
  at: Timestamp,
  projectId: Id.nullable(),
  kind: z.string(),
  subject: z.object({ kind: z.string(), id: z.string() }),
  body: z.record(z.string(), z.unknown()),
});
export type Event = z.infer<typeof Event>;
export const EventQuery = PageQuery.extend({
  projectId: Id.optional(),
  kind: z.string().max(100).optional(),
  subjectKind: z.string().max(60).optional(),
  subjectId: z.string().max(100).optional(),
  after: z.coerce.number().int().nonnegative().optional(),
});
/** What the live stream is asked to carry. Without a filter: all that the reader may see. */
export const EventStreamQuery = z.object({
  projectId: Id.optional(),
  /** A kind, or `job.*`. */
  kind: z.string().max(100).optional(),
  subjectKind: z.string().max(60).optional(),
  subjectId: z.string().max(100).optional(),
  /** Where to go on, for clients that can't send `Last-Event-ID`; the header wins. */
  after: z.coerce.number().int().nonnegative().optional(),
  /** Whether live updates are wanted besides events. */
  live: z.stringbool().default(true),
});
export type EventStreamQuery = z.infer<typeof EventStreamQuery>;
/** Sent on the live stream only and never stored: load, progress. Losing one is harmless. */
export const LiveUpdate = z.object({
  kind: z.string(),
  subject: z.object({ kind: z.string(), id: z.string() }),
  body: z.record(z.string(), z.unknown()),
});
export type LiveUpdate = z.infer<typeof LiveUpdate>;

/** The kinds of event that the kernel writes. Workloads add kinds under their own name. */
export const kernelEventKinds = [
  'project.created',
  'project.changed',
  'node.joined',
  'node.ready',
  'node.unreachable',
  'node.lost',
  'node.removed',
  'node.changed',
  'node.inventory',
  'job.created',
  'job.changed',
  'job.ended',
  'task.created',
  'task.changed',
  'task.ended',
  'allocation.offered',
  'allocation.changed',
  'allocation.ended',
  'allocation.stale',
  'artifact.created',
  'artifact.deleted',
  'artifact.lost',
] as const;

export const Webhook = z.object({
  id: Id,
  projectId: Id,
  url: z.url(),
  /** Kinds to send; `job.*` and `*` are understood. */
  kinds: z.array(z.string()),
  enabled: z.boolean(),
  createdAt: Timestamp,
  lastDelivery: z.object({ at: Timestamp, ok: z.boolean(), status: z.number().int().nullable() }).nullable(),
});
export type Webhook = z.infer<typeof Webhook>;
export const WebhookCreate = z.object({
  projectId: Id,
  url: z.url({ protocol: /^https?$/ }).max(2000),
  kinds: z.array(z.string().max(100)).min(1).max(100).default(['*']),
  enabled: z.boolean().default(true),
});
/** The signing secret (`whsec_…`, Standard Webhooks) is told once. */
export const WebhookCreated = z.object({ webhook: Webhook, secret: z.string() });
export const WebhookPatch = z.object({
  url: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .optional(),
  kinds: z.array(z.string().max(100)).min(1).max(100).optional(),
  enabled: z.boolean().optional(),
});
export const WebhookDelivery = z.object({
  id: Id,
  webhookId: Id,
  eventSeq: z.number().int(),
  eventKind: z.string(),
  state: z.enum(['pending', 'delivered', 'failed']),
  attempts: z.number().int(),
  nextAt: Timestamp.nullable(),
  status: z.number().int().nullable(),
  error: z.string().nullable(),
  durationMs: z.number().nullable(),
  at: Timestamp,
});
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;
export const WebhookDeliveryQuery = PageQuery.extend({
  state: z.enum(['pending', 'delivered', 'failed']).optional(),
});
