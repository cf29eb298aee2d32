import { fieldWords } from '@backlot/contract';
import { z } from 'zod';
import { WebAddress } from './web-address.ts';

/** Kinds of targets that keep files. */
export const fileTargetKinds = ['s3', 'webdav', 'rclone', 'folder'] as const;
export const FileTargetKind = z.enum(fileTargetKinds);
export type FileTargetKind = z.infer<typeof FileTargetKind>;

/** Where all paths of a target begin. Cleaned like any path, so that it can't lead out either. */
const Prefix = z
  .string()
  .max(500)
  .default('')
  .meta(fieldWords('Below this folder', '根目录', { order: 8 }));

export const S3Settings = z.object({
  /** Left out for AWS itself. */
  endpoint: WebAddress.optional().meta(
    fieldWords('Address of the store', '存储地址', {
      order: 1,
      hint: { en: 'Empty for AWS itself.', 'zh-CN': '使用 AWS 时留空。' },
    }),
  ),
  bucket: z
    .string()
    .regex(
      /^[a-zA-Z0-9][a-zA-Z0-9._-]{1,254}$/,
      'A bucket name has letters, digits, dots, dashes and underscores.',
    )
    .meta(fieldWords('Bucket', '存储桶', { order: 2 })),
  region: z
    .string()
    .min(1)
    .max(60)
    .default('us-east-1')
    .meta(fieldWords('Region', '区域', { order: 3 })),
  prefix: Prefix,
  /** The bucket in the path and not in the host name: what most private stores want. */
  pathStyle: z
    .boolean()
    .default(true)
    .meta(fieldWords('Bucket in the path', '存储桶写在路径中', { order: 9, advanced: true })),
  storageClass: z
    .string()
    .max(60)
    .optional()
    .meta(fieldWords('Storage class', '存储类型', { order: 10, advanced: true })),
  /** Bytes of a part; made larger by itself for files of more than 10,000 parts. */
  partSize: z
    .number()
    .int()
    .min(5 * 1024 ** 2)
    .max(5 * 1024 ** 3)
    .default(16 * 1024 ** 2)
    .meta(fieldWords('Bytes of a part', '分片大小（字节）', { order: 11, advanced: true })),
});
export type S3Settings = z.infer<typeof S3Settings>;
export const S3Secrets = z.object({
  accessKey: z.string().min(1).max(500).meta(fieldWords('Access key', '访问密钥 ID')),
  secretKey: z.string().min(1).max(500).meta(fieldWords('Secret key', '访问密钥')),
  sessionToken: z.string().max(5_000).optional().meta(fieldWords('Session token', '会话令牌')),
});

export const WebdavSettings = z.object({
  /** The collection under which everything goes. */
  url: WebAddress.meta(fieldWords('Address', '地址', { order: 1 })),
  user: z
    .string()
    .max(300)
    .default('')
    .meta(fieldWords('User', '用户名', { order: 2 })),
  prefix: Prefix,
});
export type WebdavSettings = z.infer<typeof WebdavSettings>;
/** A password, or a token that is sent as `Bearer`. */
export const WebdavSecrets = z.object({
  password: z.string().max(2_000).optional().meta(fieldWords('Password', '密码')),
  token: z.string().max(5_000).optional().meta(fieldWords('Token', '令牌')),
});

export const RcloneSettings = z.object({
  /** The name in square brackets in the configuration. */
  remote: z
    .string()
    .regex(
      /^[A-Za-z0-9_][A-Za-z0-9_ .+@-]{0,60}$/,
      'A remote is named with letters, digits, _ - . + @ and spaces.',
    )
    .meta(
      fieldWords('Remote', '远端名称', {
        order: 1,
        hint: { en: 'The name in square brackets in the configuration.', 'zh-CN': '配置中方括号内的名称。' },
      }),
    ),
  /** A folder, a bucket, or both, below which everything goes. */
  prefix: Prefix,
});
export type RcloneSettings = z.infer<typeof RcloneSettings>;
/** The text of an rclone.conf that has the remote; see the README for Baidu, Aliyun and OpenList. */
export const RcloneSecrets = z.object({
  config: z
    .string()
    .min(3)
    .max(100_000)
    .meta(fieldWords('rclone configuration', 'rclone 配置', { rows: 6 })),
});

export const FolderSettings = z.object({
  /** Must lie in one of the folders that the node's operator allows (`BACKLOT_DELIVERY_FOLDERS`). */
  path: z
    .string()
    .min(1)
    .max(1_000)
    .refine(
      (path) =>
        /^(\/|[A-Za-z]:[\\/])/.test(path) && !/[\0\n\r]/.test(path) && !path.split(/[\\/]/).includes('..'),
      {
        message: 'A folder is an absolute path without "..".',
      },
    )
    .meta(
      fieldWords('Folder', '文件夹', {
        order: 1,
        hint: {
          en: 'On the nodes, in a folder that their operator allows (BACKLOT_DELIVERY_FOLDERS).',
          'zh-CN': '节点上的路径，须位于运维允许的目录内（BACKLOT_DELIVERY_FOLDERS）。',
        },
      }),
    ),
});
export type FolderSettings = z.infer<typeof FolderSettings>;
export const FolderSecrets = z.object({});
