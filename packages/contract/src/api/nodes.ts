import { z } from 'zod';
import { Capability } from '../capability.ts';
import { Id } from '../id.ts';
import { NodeLoad } from '../link/messages.ts';
import { Capacity, Grant } from '../resources.ts';
import { AllocationOutcome, AllocationState } from '../states/allocation.ts';
import { NodeState, Schedulability } from '../states/node.ts';
import { TaskClass } from '../task.ts';
import { Name, PageQuery, Slug, Timestamp } from './common.ts';

export const Labels = z.record(
  z.string().regex(/^[a-z0-9]([a-z0-9._/-]{0,61}[a-z0-9])?$/),
  z.string().max(200),
);

/** What runs on a node, as blocks on the overview. */
export const NodeAllocation = z.object({
  id: Id,
  taskId: Id,
  jobId: Id.nullable(),
  jobName: z.string().nullable(),
  projectId: Id,
  kind: z.string(),
  class: TaskClass,
  state: AllocationState,
  resources: Grant,
  startedAt: Timestamp.nullable(),
  progress: z.number().nullable(),
});
export type NodeAllocation = z.infer<typeof NodeAllocation>;

export const NodeView = z.object({
  id: Id,
  name: z.string(),
  state: NodeState,
  schedulable: Schedulability,
  epoch: z.number().int(),
  pool: z.string(),
  labels: z.record(z.string(), z.string()),
  hostname: z.string().nullable(),
  os: z.string().nullable(),
  cpuModel: z.string().nullable(),
  agentVersion: z.string().nullable(),
  capacity: Capacity.nullable(),
  used: Grant.nullable(),
  capabilities: z.array(Capability),
  load: NodeLoad.nullable(),
  allocations: z.array(NodeAllocation),
  lastSeenAt: Timestamp.nullable(),
  createdAt: Timestamp,
});
export type NodeView = z.infer<typeof NodeView>;

export const NodePatch = z.object({
  name: Name.optional(),
  labels: Labels.optional(),
  pool: Slug.optional(),
  schedulable: Schedulability.optional(),
});
export const NodeDrainPreview = z.object({ moves: z.array(NodeAllocation), waits: z.array(NodeAllocation) });
/** Load over time, thinned to at most `points`. */
export const NodeSamples = z.object({ samples: z.array(NodeLoad) });
export const NodeSamplesQuery = z.object({
  minutes: z.coerce.number().int().min(1).max(1440).default(60),
  points: z.coerce.number().int().min(10).max(1000).default(240),
});
/** Who had the machine when. */
export const NodeTimelineEntry = NodeAllocation.extend({
  endedAt: Timestamp.nullable(),
  outcome: AllocationOutcome.nullable(),
});
export const NodeQuery = PageQuery.extend({
  state: NodeState.optional(),
  pool: z.string().max(60).optional(),
  text: z.string().max(100).optional(),
});

export const JoinTokenCreate = z.object({
  pool: Slug.default('default'),
  labels: Labels.default({}),
  uses: z.number().int().min(1).max(1000).default(1),
  expiresInMinutes: z
    .number()
    .int()
    .min(1)
    .max(60 * 24 * 30)
    .default(60),
});
export const JoinToken = z.object({
  id: Id,
  pool: z.string(),
  labels: z.record(z.string(), z.string()),
  usesLeft: z.number().int(),
  expiresAt: Timestamp,
  createdAt: Timestamp,
});
/** The secret is told once. The commands are complete and can be pasted. */
export const JoinTokenCreated = z.object({
  token: JoinToken,
  secret: z.string(),
  commands: z.object({ linux: z.string(), windows: z.string(), docker: z.string() }),
});

/** What a new machine sends, once, with the join token as bearer token. The key is raw Ed25519, base64url. */
export const JoinBody = z.object({
  name: z.string().trim().min(1).max(100),
  publicKey: z.string().max(100),
  agentVersion: z.string().max(60),
});
export const JoinAnswer = z.object({ nodeId: Id, name: z.string() });

export const PoolPolicy = z.object({
  strategy: z.enum(['pack', 'spread']).default('pack'),
  preemption: z.boolean().default(true),
  /** Milliseconds after which an unreachable node's work is given away, by class. */
  lostAfterMs: z
    .object({
      interactive: z.number().int().positive(),
      live: z.number().int().positive(),
      batch: z.number().int().positive(),
    })
    .default({ interactive: 10_000, live: 600_000, batch: 120_000 }),
});
export type PoolPolicy = z.infer<typeof PoolPolicy>;
export const Pool = z.object({
  name: z.string(),
  selector: z.record(z.string(), z.string()),
  policy: PoolPolicy,
  nodes: z.number().int(),
});
export const PoolPut = z.object({ selector: Labels.default({}), policy: PoolPolicy.prefault({}) });
