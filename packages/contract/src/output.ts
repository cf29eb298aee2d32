import { z } from 'zod';
import { Digest } from './id.ts';

/** Names of outputs are ours: a relative path, at most two folders deep, of letters, digits, `.`, `_` and `-`. */
export const OutputName = z
  .string()
  .max(200)
  .regex(
    /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,2}$/,
    'An output name is a short relative path.',
  );

/** One output that a node has checked and uploaded, or holds. It becomes an artifact when its report is committed. */
export const Output = z.object({
  name: OutputName,
  /** What it is to the workload: `frame`, `film`, `preview`, `facts`. */
  kind: z.string().min(1).max(60),
  digest: Digest,
  size: z.number().int().nonnegative(),
  mediaType: z.string().max(200),
  /** Facts about the bytes: width, height, frame number. */
  meta: z.record(z.string(), z.unknown()).default({}),
  /** The bytes stay on the node that reports it; it keeps them until it is told to let go. */
  held: z.boolean().optional(),
});
export type Output = z.infer<typeof Output>;

/** What an attempt used, measured by the runner. */
export const Usage = z.object({
  wallMs: z.number().nonnegative(),
  cpuMs: z.number().nonnegative().optional(),
  peakMemory: z.number().int().nonnegative().optional(),
});
export type Usage = z.infer<typeof Usage>;
