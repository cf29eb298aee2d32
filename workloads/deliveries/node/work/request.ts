import { Digest, DiskState } from '@backlot/contract';
import { z } from 'zod';
import { DressedTarget, onOtherContent, UploadResult, VerifyResult, verifyMethods } from '../../contract.ts';

/**
 * What the executor writes for the program that does the work, in a private file: the program lives on when the agent
 * dies, and so must what it needs.
 */
export const WorkRequest = z.object({
  target: DressedTarget.options[0].shape.target,
  /** How to reach it from this node. */
  means: z.object({
    /** The folder for books that outlive attempts. */
    keep: z.string(),
    /** Private scratch of this attempt. */
    scratch: z.string(),
    rclone: z.string().nullable(),
    /** Folders that the operator allows for targets. */
    folders: z.array(z.string()),
  }),
  work: z.discriminatedUnion('do', [
    z.object({
      do: z.literal('upload'),
      path: z.string(),
      onOther: z.enum(onOtherContent),
      source: z.object({ path: z.string(), size: z.number().int(), sha256: Digest, mediaType: z.string() }),
    }),
    /** Takes back what an upload has begun. */
    z.object({
      do: z.literal('abandon'),
      path: z.string(),
      source: z.object({ path: z.string(), size: z.number().int(), sha256: Digest, mediaType: z.string() }),
    }),
    z.object({
      do: z.literal('verify'),
      path: z.string(),
      size: z.number().int(),
      sha256: Digest,
      method: z.enum(verifyMethods),
    }),
    /** A small file there, back, and away again. */
    z.object({ do: z.literal('test') }),
  ]),
  /** A dead target is waited for so long within one attempt; then another attempt takes the settings of that time. */
  patienceMs: z.number().int().nonnegative(),
  /** Nothing got through for so long: people are told. */
  alarmMs: z.number().int().nonnegative(),
  /** How the node's disk stood when it was written; orders tell how it goes on. */
  disk: DiskState.optional(),
  /** First and longest pause between tries, where a test has no time. */
  pace: z.object({ firstMs: z.number(), lastMs: z.number(), idleMs: z.number() }).optional(),
});
export type WorkRequest = z.infer<typeof WorkRequest>;

/** How the program ends, in a file that is written whole. */
export const WorkResult = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('uploaded'), result: UploadResult }),
  z.object({ outcome: z.literal('verified'), result: VerifyResult }),
  z.object({ outcome: z.literal('tested'), path: z.string(), size: z.number().int() }),
  z.object({ outcome: z.literal('abandoned') }),
  z.object({
    outcome: z.literal('failed'),
    why: z.enum(['away', 'slow', 'refused', 'full', 'name-taken', 'copy-missing', 'copy-differs', 'broken']),
    detail: z.string(),
    path: z.string(),
  }),
]);
export type WorkResult = z.infer<typeof WorkResult>;

/** What the program says on the way: one JSON document in a line of its standard output. */
export const WorkWord = z.discriminatedUnion('t', [
  z.object({
    t: z.literal('progress'),
    phase: z.enum(['queued', 'sending', 'waiting', 'checking']),
    done: z.number(),
    total: z.number(),
    rate: z.number(),
    retries: z.number().int(),
    nextTryAt: z.string().nullable(),
    fault: z.string().nullable(),
  }),
  /** Numbered, so that a word that is read twice is one word. */
  z.object({ t: z.literal('unreachable'), n: z.number().int(), why: z.string(), detail: z.string() }),
  z.object({ t: z.literal('reachable'), n: z.number().int() }),
]);
export type WorkWord = z.infer<typeof WorkWord>;

export const files = { request: 'request.json', result: 'result.json', rcloneConfig: 'rclone.conf' } as const;
