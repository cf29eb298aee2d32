import { changesOf, Id, Reason, Timestamp } from '@backlot/contract';
import { z } from 'zod';
import {
  FolderSecrets,
  FolderSettings,
  fileTargetKinds,
  RcloneSecrets,
  RcloneSettings,
  S3Secrets,
  S3Settings,
  WebdavSecrets,
  WebdavSettings,
} from './file-targets.ts';
import {
  AppriseSecrets,
  AppriseSettings,
  BarkSecrets,
  BarkSettings,
  DiscordSecrets,
  DiscordSettings,
  EmailSecrets,
  EmailSettings,
  messageTargetKinds,
  NtfySecrets,
  NtfySettings,
  ServerchanSecrets,
  ServerchanSettings,
  TelegramSecrets,
  TelegramSettings,
  WebhookSecrets,
  WebhookSettings,
} from './message-targets.ts';

export const targetKinds = [...fileTargetKinds, ...messageTargetKinds] as const;
export const TargetKind = z.enum(targetKinds);
export type TargetKind = z.infer<typeof TargetKind>;

/** What each kind is set up with: what everybody may see, and what nobody does once it is stored. */
export const targetShapes = {
  s3: { settings: S3Settings, secrets: S3Secrets },
  webdav: { settings: WebdavSettings, secrets: WebdavSecrets },
  rclone: { settings: RcloneSettings, secrets: RcloneSecrets },
  folder: { settings: FolderSettings, secrets: FolderSecrets },
  webhook: { settings: WebhookSettings, secrets: WebhookSecrets },
  email: { settings: EmailSettings, secrets: EmailSecrets },
  telegram: { settings: TelegramSettings, secrets: TelegramSecrets },
  discord: { settings: DiscordSettings, secrets: DiscordSecrets },
  bark: { settings: BarkSettings, secrets: BarkSecrets },
  serverchan: { settings: ServerchanSettings, secrets: ServerchanSecrets },
  ntfy: { settings: NtfySettings, secrets: NtfySecrets },
  apprise: { settings: AppriseSettings, secrets: AppriseSecrets },
} as const satisfies Record<TargetKind, { settings: z.ZodObject; secrets: z.ZodObject }>;

export function keepsFiles(kind: TargetKind): boolean {
  return (fileTargetKinds as readonly string[]).includes(kind);
}

/** How flows name a target: unique in its project, changeable only by making another. */
export const TargetName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,59}$/, 'A target is named with small letters, digits and dashes.');

/** What a flow step says: a name in its project, or an id. */
export const TargetRef = z.union([Id, TargetName]);

export const TargetLimits = z.object({
  /** Bytes per second that one node sends to it in all. Null: as fast as it goes. */
  bytesPerSecond: z.number().int().min(1_024).nullable().default(null),
  /** Uploads to it at the same time on one node. */
  parallel: z.number().int().min(1).max(50).default(2),
});
export type TargetLimits = z.infer<typeof TargetLimits>;

/**
 * up       the last thing that was tried went well
 * down     nothing has gone through for a while; people were told once
 * unknown  nothing was tried yet
 */
export const targetHealth = ['up', 'down', 'unknown'] as const;

export const DeliveryTarget = z.object({
  id: Id,
  projectId: Id,
  name: TargetName,
  kind: TargetKind,
  settings: z.record(z.string(), z.unknown()),
  /** Names of the secrets that are set; their values are shown to nobody. */
  secretNames: z.array(z.string()),
  limits: TargetLimits,
  enabled: z.boolean(),
  health: z.enum(targetHealth),
  /** Since when it is up or down. */
  healthSince: Timestamp.nullable(),
  /** Why it is down. */
  fault: Reason.nullable(),
  /** Uploads and messages that wait for it or are on their way. */
  waiting: z.number().int(),
  createdAt: Timestamp,
  changedAt: Timestamp,
});
export type DeliveryTarget = z.infer<typeof DeliveryTarget>;

export const TargetCreate = z.object({
  projectId: Id,
  name: TargetName,
  kind: TargetKind,
  settings: z.record(z.string(), z.unknown()).default({}),
  /** Stored sealed; never answered again. */
  secrets: z.record(z.string(), z.string()).default({}),
  limits: TargetLimits.prefault({}),
  enabled: z.boolean().default(true),
});
export type TargetCreate = z.infer<typeof TargetCreate>;
export const TargetPatch = z.object({
  name: TargetName.optional(),
  settings: z.record(z.string(), z.unknown()).optional(),
  /** Only those that change; null takes one away. */
  secrets: z.record(z.string(), z.string().nullable()).optional(),
  limits: changesOf(TargetLimits).optional(),
  enabled: z.boolean().optional(),
});
export type TargetPatch = z.infer<typeof TargetPatch>;

/** What came of trying a target: a small file there and back, or a message. */
export const TargetTest = z.object({
  ok: z.boolean(),
  /** Why not. */
  fault: Reason.nullable(),
  /** Milliseconds. */
  durationMs: z.number().int(),
  /** The job of a file target, which was tried by a node. */
  jobId: Id.nullable(),
});
export type TargetTest = z.infer<typeof TargetTest>;
