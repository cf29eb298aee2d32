import { fieldWords } from '@backlot/contract';
import { z } from 'zod';
import { WebAddress } from './web-address.ts';

/** Kinds of targets that take messages. */
export const messageTargetKinds = [
  'webhook',
  'email',
  'telegram',
  'discord',
  'bark',
  'serverchan',
  'ntfy',
  'apprise',
] as const;
export const MessageTargetKind = z.enum(messageTargetKinds);
export type MessageTargetKind = z.infer<typeof MessageTargetKind>;

const Address = z.email().max(300);

const server = fieldWords('Server', '服务器地址', { order: 2, advanced: true });

/** Signed after Standard Webhooks; the signing secret is made by us when none is given. */
export const WebhookSettings = z.object({
  url: WebAddress.meta(
    fieldWords('Address', '地址', {
      hint: {
        en: 'Keys and tokens belong into the secrets below.',
        'zh-CN': '密钥和令牌请填写在下方的“密钥”中。',
      },
    }),
  ),
});
export const WebhookSecrets = z.object({
  secret: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/=]{32,100}$/, 'A secret begins with whsec_ and is base64.')
    .optional()
    .meta(fieldWords('Signing secret', '签名密钥')),
  /** Goes behind the address, for receivers whose token is a part of it. */
  query: z
    .string()
    .regex(/^[\x21-\x7e]{1,2000}$/, 'A query has no spaces: access_token=… or key=….')
    .optional()
    .meta(fieldWords('Secret query (access_token=…)', '保密的查询参数（access_token=…）')),
  /** The header of the same name: `Bearer …`, `Basic …`. */
  authorization: z
    .string()
    .regex(/^[\x20-\x7e]{1,2000}$/, 'A header has letters, digits and signs of ASCII.')
    .optional()
    .meta(fieldWords('Authorization header', 'Authorization 请求头')),
});

export const EmailSettings = z.object({
  host: z
    .string()
    .min(1)
    .max(255)
    .meta(fieldWords('Mail server', '邮件服务器', { order: 1 })),
  port: z
    .number()
    .int()
    .min(1)
    .max(65_535)
    .default(587)
    .meta(fieldWords('Port', '端口', { order: 2 })),
  /** `tls` from the first byte (465), `starttls` after the greeting, `none` only in a network of one's own. */
  security: z
    .enum(['tls', 'starttls', 'none'])
    .default('starttls')
    .meta(fieldWords('Encryption', '加密方式', { order: 3 })),
  user: z
    .string()
    .max(300)
    .default('')
    .meta(fieldWords('User', '用户名', { order: 4 })),
  from: Address.meta(fieldWords('From', '发件人', { order: 5 })),
  to: z
    .array(Address)
    .min(1)
    .max(50)
    .meta(fieldWords('To', '收件人', { order: 6 })),
});
export const EmailSecrets = z.object({
  password: z.string().max(2_000).optional().meta(fieldWords('Password', '密码')),
});

export const TelegramSettings = z.object({
  /** A number, or `@name` of a public channel. */
  chatId: z
    .string()
    .regex(/^(-?\d{1,20}|@[A-Za-z]\w{3,40})$/, 'A chat is a number or @name.')
    .meta(fieldWords('Chat', '会话 ID', { order: 1 })),
  threadId: z
    .number()
    .int()
    .positive()
    .optional()
    .meta(fieldWords('Topic', '话题 ID', { order: 2 })),
  silent: z
    .boolean()
    .default(false)
    .meta(fieldWords('Without a sound', '静音发送', { order: 3 })),
  /** A Bot API server of one's own. */
  server: WebAddress.default('https://api.telegram.org').meta(server),
});
export const TelegramSecrets = z.object({
  token: z
    .string()
    .regex(/^\d{1,20}:[\w-]{10,100}$/, 'A bot token looks like 123456:ABC…')
    .meta(fieldWords('Bot token', '机器人令牌')),
});

export const DiscordSettings = z.object({
  username: z.string().min(1).max(80).optional().meta(fieldWords('Name that is shown', '显示名称')),
});
/** The address itself is the secret: whoever has it may write. */
export const DiscordSecrets = z.object({
  url: WebAddress.meta(fieldWords('Webhook address', 'Webhook 地址')),
});

export const BarkSettings = z.object({
  server: WebAddress.default('https://api.day.app').meta(server),
  sound: z.string().max(60).optional().meta(fieldWords('Sound', '提示音')),
});
export const BarkSecrets = z.object({
  deviceKey: z
    .string()
    .regex(/^[\w-]{1,100}$/)
    .meta(fieldWords('Device key', '设备密钥')),
});

export const ServerchanSettings = z.object({
  /** For tests and forwarding servers; the right one follows from the key. */
  server: WebAddress.optional().meta(server),
});
export const ServerchanSecrets = z.object({
  sendKey: z
    .string()
    .regex(/^\w{5,200}$/, 'A SendKey has letters and digits.')
    .meta(fieldWords('SendKey', 'SendKey')),
});

export const NtfySettings = z.object({
  server: WebAddress.default('https://ntfy.sh').meta(server),
  topic: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'A topic has letters, digits, _ and -.')
    .meta(fieldWords('Topic', '主题', { order: 1 })),
  user: z
    .string()
    .max(300)
    .optional()
    .meta(fieldWords('User', '用户名', { order: 3 })),
});
/** A token (`tk_…`), or a password with `user`. */
export const NtfySecrets = z.object({
  token: z.string().max(300).optional().meta(fieldWords('Token', '令牌')),
  password: z.string().max(300).optional().meta(fieldWords('Password', '密码')),
});

export const AppriseSettings = z.object({
  server: WebAddress.meta(fieldWords('Server', '服务器地址', { order: 1 })),
  /** The key of a configuration that the server keeps; without one, `urls` are sent along. */
  key: z
    .string()
    .regex(/^[\w-]{1,128}$/)
    .optional()
    .meta(fieldWords('Key of its configuration', '配置键', { order: 2 })),
  tag: z
    .string()
    .max(100)
    .optional()
    .meta(fieldWords('Tag', '标签', { order: 3 })),
});
export const AppriseSecrets = z.object({
  urls: z
    .string()
    .max(5_000)
    .optional()
    .meta(fieldWords('Addresses', '地址列表', { rows: 4 })),
});
