import { z } from 'zod';
import { Reason } from '../phrase.ts';
import { Timestamp } from './common.ts';
import { Job, Task } from './jobs.ts';
import { NodeView } from './nodes.ts';

/** One part of the system, as the health dot says it. */
export const HealthPart = z.object({
  name: z.string(),
  status: z.enum(['ok', 'degraded', 'down']),
  since: Timestamp,
  reason: Reason.nullable(),
});
export const Health = z.object({
  status: z.enum(['ok', 'degraded', 'down']),
  version: z.string(),
  parts: z.array(HealthPart),
});
export type Health = z.infer<typeof Health>;

/** All of the overview in one answer. */
export const Overview = z.object({
  nodes: z.array(NodeView),
  running: z.array(Job),
  waiting: z.array(Task),
  failed: z.array(Job),
  /** Live counts per workload, for the rail: `{ renders: 3 }`. */
  live: z.record(z.string(), z.number().int()),
  /** Bytes. `used` is what our blobs take; `free` and `total` are the disk's, or 0 for a store without an end. */
  storage: z.object({ used: z.number(), free: z.number(), total: z.number(), artifacts: z.number().int() }),
  health: Health,
});
export type Overview = z.infer<typeof Overview>;
