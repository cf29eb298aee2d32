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
  /** The bytes are in the store of files. Otherwise only nodes have them. */
  stored: z.boolean(),
  /** Nodes that hold the bytes. */
  holders: z.array(Id),
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

/** Several artifacts as one zip: those named, or all of a job (of one kind). */
export const ArtifactZipQuery = z
  .object({
    /** Ids with commas between them. */
    ids: z
      .string()
      .max(40_000)
      .transform((list) => list.split(','))
      .pipe(z.array(Id).min(1).max(1_000))
      .optional(),
    jobId: Id.optional(),
    kind: z.string().max(60).optional(),
    /** Name of the file that a browser saves, without `.zip`. */
    name: z.string().trim().min(1).max(120).optional(),
  })
  .refine((query) => (query.ids === undefined) !== (query.jobId === undefined), {
    message: 'Give either ids or jobId.',
  });

/** `download=1` saves the file under its name instead of showing it. */
export const ArtifactContentQuery = z.object({ download: z.stringbool().default(false) });

/** What an upload says about itself (`Upload-Metadata` of tus 1.0). */
export const UploadMetadata = z.object({
  filename: z.string().trim().min(1).max(255),
  project: Id,
  filetype: z.string().max(200).optional(),
  sha256: Digest.optional(),
});
export type UploadMetadata = z.infer<typeof UploadMetadata>;

/** How far an output's upload from a node has come. */
export const OutputProgress = z.object({
  received: z.number().int().nonnegative(),
  /** All bytes are there, and they are the ones announced. */
  complete: z.boolean(),
});
export type OutputProgress = z.infer<typeof OutputProgress>;
/** Which bytes a request to upload an output brings: `size` bytes in all, of this digest, from `offset` on. */
export const OutputQuery = z.object({
  offset: z.coerce.number().int().nonnegative().default(0),
  size: z.coerce.number().int().nonnegative(),
  sha256: Digest,
});

/** Where to go on with a log: the first byte that is not yet kept without a gap before it. */
export const LogProgress = z.object({ next: z.number().int().nonnegative() });
export type LogProgress = z.infer<typeof LogProgress>;
