import { z } from 'zod';
import { Digest, Id } from '../id.ts';
import { PageQuery, Timestamp } from './common.ts';

export const Artifact = z.object({
  id: Id,
  projectId: Id,
  jobId: Id.nullable(),
  taskId: Id.nullable(),
  name: z.string(),
  kind: z.string(),
  digest: Digest,
  size: z.number().int(),
  mediaType: z.string(),
  meta: z.record(z.string(), z.unknown()),
  createdAt: Timestamp,
  retentionUntil: Timestamp.nullable(),
});
export type Artifact = z.infer<typeof Artifact>;
export const ArtifactQuery = PageQuery.extend({
  projectId: Id.optional(),
  jobId: Id.optional(),
  taskId: Id.optional(),
  kind: z.string().max(60).optional(),
});
/** Asks whether the project holds these bytes already, so that they need not be sent. */
export const ArtifactCheck = z.object({
  projectId: Id,
  sha256: Digest,
  size: z.number().int().nonnegative(),
  name: z.string().min(1).max(255),
});
export const ArtifactCheckAnswer = z.object({ artifact: Artifact.nullable() });
