import { Digest, Id } from '@backlot/contract';
import { z } from 'zod';
import { Copy, Verification } from './copy.ts';
import { FileTargetKind } from './file-targets.ts';
import { TargetLimits, TargetRef } from './target.ts';

export const UPLOAD_TASK = 'deliveries.upload';
export const VERIFY_TASK = 'deliveries.verify';
export const TEST_TASK = 'deliveries.test';
export const COMMAND_TASK = 'deliveries.command';
/** Tries a target: one task, made by us alone. */
export const TEST_JOB = 'deliveries.test';

/** The input of an upload and of a command, in the allocation's folder. */
export const FILE_INPUT = 'file';

/** What happens when other content stands under the name already. The same content is always a finished upload. */
export const onOtherContent = ['rename', 'fail'] as const;

export const UploadParameters = z.object({
  target: TargetRef,
  /** Below the target's prefix: cleaned, component by component. */
  path: z.string().min(1).max(2_000),
  onOther: z.enum(onOtherContent).default('rename'),
  file: z.object({ digest: Digest, size: z.number().int().nonnegative(), mediaType: z.string().max(200) }),
});
export type UploadParameters = z.infer<typeof UploadParameters>;
export const UploadResult = z.object({
  copy: Copy,
  /** Bytes that went out, parts that were sent again included. */
  sent: z.number().int().nonnegative(),
  /** Tries that did not succeed. */
  retries: z.number().int().nonnegative(),
});
export type UploadResult = z.infer<typeof UploadResult>;

/** `auto` reads everything back unless the target tells a SHA-256 of its own making. */
export const verifyMethods = ['auto', 'read-back'] as const;
export const VerifyParameters = z.object({
  target: TargetRef,
  path: z.string().min(1).max(2_000),
  method: z.enum(verifyMethods).default('auto'),
  /** What must stand there. */
  file: z.object({ digest: Digest, size: z.number().int().nonnegative() }),
});
export type VerifyParameters = z.infer<typeof VerifyParameters>;
export const VerifyResult = z.object({ verification: Verification });

export const TestParameters = z.object({ target: TargetRef });
export const TestTaskResult = z.object({ path: z.string(), size: z.number().int() });

/** A command by the name under which it is allowed. Arguments are data: one element each, whatever is in them. */
export const CommandParameters = z.object({
  command: z.string().regex(/^[a-z0-9][a-z0-9-]{0,59}$/),
  args: z
    .array(
      z
        .string()
        .max(4_000)
        .refine((arg) => !arg.includes('\0'), 'An argument has no NUL character.'),
    )
    .max(100)
    .default([]),
  /** Whether the task has a file. */
  file: z.boolean().default(false),
});
export const CommandResult = z.object({
  exitCode: z.number().int(),
  /** The end of what it has printed, lossily decoded. */
  stdout: z.string().max(32_000),
  /** What it has printed, when that is one JSON document. */
  json: z.unknown().optional(),
});

/** An entry of the list of allowed commands. */
export const AllowedCommand = z.object({
  /**
   * The program and its arguments. An element that is `{file}` becomes the path of the file, one that is `{args}` all
   * arguments of the step; everything else stays as it is. Without `{args}` a step can't add anything.
   */
  argv: z.array(z.string().min(1).max(2_000)).min(1).max(100),
  /** Whether the sandbox has a network. */
  network: z.boolean().default(false),
  /** Seconds. */
  timeLimitS: z.number().int().min(1).max(86_400).default(3_600),
  description: z.string().max(500).default(''),
});
export type AllowedCommand = z.infer<typeof AllowedCommand>;

/**
 * What an offer is dressed with: a target as it is at that moment. `missing` when there is none: the attempt then ends
 * with a sentence that says so.
 */
export const DressedTarget = z.union([
  z.object({
    target: z.object({
      id: Id,
      name: z.string(),
      kind: FileTargetKind,
      settings: z.record(z.string(), z.unknown()),
      secrets: z.record(z.string(), z.string()),
      limits: TargetLimits,
      /** As it was known to be: the first success of an attempt tells when that has changed. */
      down: z.boolean(),
      /** Nobody knows yet how it is: the first success tells. */
      untried: z.boolean().default(false),
    }),
  }),
  z.object({ missing: z.enum(['unknown', 'disabled', 'wrong-kind', 'sealed']) }),
]);
export type DressedTarget = z.infer<typeof DressedTarget>;
/** The command that an administrator has allowed under the step's name; a node's own list wins. */
export const DressedCommand = z.object({ command: AllowedCommand.nullable() });
export type DressedCommand = z.infer<typeof DressedCommand>;

/** Facts that nodes report of a target; kinds of events. */
export const UNREACHABLE_FACT = 'deliveries.target.unreachable';
export const REACHABLE_FACT = 'deliveries.target.reachable';

/** What an upload shows while it goes on: `detail` of its progress. */
export const UploadProgress = z.object({
  phase: z.enum(['queued', 'sending', 'waiting', 'checking']),
  done: z.number(),
  total: z.number(),
  /** Bytes per second over the last seconds. */
  rate: z.number(),
  retries: z.number().int(),
  /** When it tries again; null while it does not wait. */
  nextTryAt: z.string().nullable(),
  /** What the last try failed with, in English, without secrets. */
  fault: z.string().nullable(),
});
export type UploadProgress = z.infer<typeof UploadProgress>;
