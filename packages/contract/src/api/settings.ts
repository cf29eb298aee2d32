import { z } from 'zod';

/**
 * Where webhooks may be sent. Whoever manages a project's webhooks chooses addresses that the control plane then
 * calls, so what lies behind it must be allowed on purpose. Link-local addresses (cloud metadata), multicast and
 * unspecified addresses are always refused.
 */
export const WebhookSettings = z.object({
  /** 10/8, 172.16/12, 192.168/16, 100.64/10, fc00::/7: a studio's own receivers usually stand there. */
  allowPrivateNetworks: z.boolean().default(true),
  /** 127/8 and ::1: services of the control plane's own machine, often without a password. */
  allowLoopback: z.boolean().default(false),
});
export type WebhookSettings = z.infer<typeof WebhookSettings>;

/** How long what was written is kept. Artifacts have a retention of their own, by project. */
export const RetentionSettings = z.object({
  /** Days that events can be replayed; the audit is never deleted. */
  eventDays: z.number().int().min(1).max(3650).default(90),
  /** Days that webhook deliveries stay in their log. */
  deliveryDays: z.number().int().min(1).max(365).default(30),
});
export type RetentionSettings = z.infer<typeof RetentionSettings>;

export const InstallationSettings = z.object({
  /** Shown in the console's title; helps people who have two installations open. */
  name: z.string().trim().min(1).max(80).default('Backlot'),
});
export type InstallationSettings = z.infer<typeof InstallationSettings>;

/** Everything that an administrator can change while the system runs. */
export const Settings = z.object({
  installation: InstallationSettings,
  webhooks: WebhookSettings,
  retention: RetentionSettings,
});
export type Settings = z.infer<typeof Settings>;
/** A part that is given replaces the stored one; a part that isn't stays. */
export const SettingsPatch = z.object({
  installation: InstallationSettings.optional(),
  webhooks: WebhookSettings.optional(),
  retention: RetentionSettings.optional(),
});
export type SettingsPatch = z.infer<typeof SettingsPatch>;

/** For the page "About", and for clients that ask what they talk to. */
export const About = z.object({
  name: z.string(),
  version: z.string(),
  node: z.string(),
  database: z.string(),
  workloads: z.array(z.string()),
  publicUrl: z.string(),
});
export type About = z.infer<typeof About>;
