import { Digest, Id, Timestamp } from '@backlot/contract';
import { z } from 'zod';
import { FileTargetKind } from './file-targets.ts';

/** A file that stands at a target. What an upload leaves behind, and what a verify looks at. */
export const Copy = z.object({
  targetId: Id,
  target: z.string(),
  kind: FileTargetKind,
  /** Below the target's prefix, with `/`. */
  path: z.string().max(2_000),
  /** Bytes. */
  size: z.number().int().nonnegative(),
  /** Of what was sent. That the same stands there is what a verify finds out. */
  sha256: Digest,
  /** As an S3 store or a WebDAV server names this version of it. */
  etag: z.string().max(300).nullable(),
  /** Sent now, or found there with the same content. */
  how: z.enum(['sent', 'found']),
  at: Timestamp,
});
export type Copy = z.infer<typeof Copy>;

/** What was found when a copy was read back. */
export const Verification = z.object({
  targetId: Id,
  path: z.string(),
  size: z.number().int().nonnegative(),
  sha256: Digest,
  /** All bytes were read back, or the target has told a SHA-256 of its own. */
  method: z.enum(['read-back', 'checksum']),
  at: Timestamp,
});
export type Verification = z.infer<typeof Verification>;
