import { z } from 'zod';

/** One GPU's share, as asked for by a task. The scheduler picks the GPU. */
export const GpuRequest = z.object({
  /** Bytes of video memory. */
  vram: z.number().int().nonnegative(),
  /** Hardware encoder sessions. */
  encoderSessions: z.number().int().nonnegative().default(0),
});
export type GpuRequest = z.infer<typeof GpuRequest>;

/**
 * A place among those that are counted under one key: at most so many at the same time on one node, and on one GPU,
 * whatever else would fit. Null: any number. Everybody who takes a place under a key should say the same limits; the
 * one who asks is held to its own.
 */
export const Slot = z.object({
  key: z.string().min(1).max(100),
  perNode: z.number().int().positive().nullable().default(null),
  perGpu: z.number().int().positive().nullable().default(null),
});
export type Slot = z.infer<typeof Slot>;

/** What a task takes from a node while it runs. Missing amounts are zero. */
export const Resources = z.object({
  /** Cores; fractions are allowed. */
  cpu: z.number().nonnegative().default(0),
  /** Bytes. */
  memory: z.number().int().nonnegative().default(0),
  /** Bytes of scratch space in the node's data directory. */
  disk: z.number().int().nonnegative().default(0),
  gpus: z.array(GpuRequest).default([]),
  /** Media packets per second; what a room costs. */
  packets: z.number().int().nonnegative().default(0),
  slot: Slot.optional(),
});
export type Resources = z.infer<typeof Resources>;

/** One GPU of a node. */
export const GpuCapacity = z.object({
  index: z.number().int().nonnegative(),
  uuid: z.string().optional(),
  name: z.string(),
  vram: z.number().int().nonnegative(),
  encoderSessions: z.number().int().nonnegative(),
});
export type GpuCapacity = z.infer<typeof GpuCapacity>;

/** All that a node has to give, in the same units as `Resources`. */
export const Capacity = z.object({
  cpu: z.number().nonnegative(),
  memory: z.number().int().nonnegative(),
  disk: z.number().int().nonnegative(),
  gpus: z.array(GpuCapacity).default([]),
  packets: z.number().int().nonnegative().default(0),
});
export type Capacity = z.infer<typeof Capacity>;

/** What an allocation really got: the request, with the GPUs by index. */
export const Grant = Resources.extend({
  gpus: z.array(GpuRequest.extend({ index: z.number().int().nonnegative() })).default([]),
});
export type Grant = z.infer<typeof Grant>;
