import { resolve } from 'node:path';
import { z } from 'zod';
import { defaultDataDir, type Machine } from './data-dir.ts';
import {
  defineSettings,
  durationSchema,
  listSchema,
  logLevelSchema,
  portSchema,
  switchSchema,
  urlSchema,
  type ValuesOf,
} from './setting.ts';

/** What a control plane can be told, for `backlot up` and `backlot control`. Product promises: never rename one. */
export function controlSettings(machine: Machine) {
  const dataDir = defaultDataDir(machine);
  return defineSettings({
    host: {
      schema: z.string().min(1).default('127.0.0.1'),
      defaultText: '127.0.0.1',
      example: '0.0.0.0',
      help: {
        en: 'Address to listen on. 127.0.0.1 is this machine only; 0.0.0.0 is every network that it is in.',
        'zh-CN': '监听地址。127.0.0.1 仅限本机；0.0.0.0 表示所有网络。',
      },
    },
    port: {
      schema: portSchema.default(8080),
      defaultText: '8080',
      example: '8080',
      help: {
        en: 'The one port for pages, API, signalling and nodes.',
        'zh-CN': '唯一端口：页面、API、信令和节点连接都使用它。',
      },
    },
    publicUrl: {
      schema: urlSchema.optional(),
      defaultText: 'http://<host>:<port>',
      example: 'https://backlot.example.com',
      help: {
        en: 'The address by which browsers and nodes reach this installation, when a proxy stands in front of it.',
        'zh-CN': '前面有反向代理时，浏览器和节点访问本系统所用的地址。',
      },
    },
    trustedProxies: {
      schema: listSchema.default([]),
      defaultText: 'none',
      example: '127.0.0.1,10.0.0.0/8',
      help: {
        en: 'Addresses of reverse proxies whose X-Forwarded-For is believed, with commas between them.',
        'zh-CN': '可信反向代理的地址（信任其 X-Forwarded-For），用逗号分隔。',
      },
    },
    dataDir: {
      schema: z
        .string()
        .min(1)
        .default(dataDir)
        .transform((path) => resolve(path)),
      defaultText: dataDir,
      example: dataDir,
      help: {
        en: 'Folder for everything: the embedded database, files, logs, what the node on this machine works on.',
        'zh-CN': '存放一切数据的目录：内置数据库、文件、日志以及本机节点的工作数据。',
      },
    },
    adminToken: {
      schema: z.string().min(16, 'it has at least 16 characters').optional(),
      defaultText: 'none: the first start prints a one-time set-up link',
      example: 'a-long-random-secret',
      secret: true,
      help: {
        en: 'An API token with all rights, for automation. At least 16 characters.',
        'zh-CN': '拥有全部权限的 API 令牌，用于自动化。至少 16 个字符。',
      },
    },
    databaseUrl: {
      // Not parsed as a URL: the embedded server's names the folder of a socket, which no host may look like.
      schema: z
        .string()
        .regex(/^postgres(ql)?:\/\/\S+$/, 'write it as postgres://user:password@host/name')
        .optional(),
      defaultText: 'an embedded PostgreSQL in the data folder',
      example: 'postgres://backlot:secret@127.0.0.1:5432/backlot',
      secret: true,
      help: {
        en: 'A PostgreSQL server, version 15 or newer, instead of the embedded one.',
        'zh-CN': '使用外部 PostgreSQL（15 或更高版本）代替内置数据库。',
      },
    },
    pgBin: {
      schema: z.string().min(1).optional(),
      defaultText: 'found by itself',
      example: '/usr/lib/postgresql/17/bin',
      help: {
        en: 'Folder with the programs postgres and initdb for the embedded database.',
        'zh-CN': '内置数据库使用的 postgres 和 initdb 程序所在目录。',
      },
    },
    natsUrl: {
      schema: z.url({ protocol: /^(nats|tls)$/, error: 'write it as nats://host:4222' }).optional(),
      defaultText: 'none: one control process',
      example: 'nats://127.0.0.1:4222',
      help: {
        en: 'NATS server between several control processes.',
        'zh-CN': '多个控制进程之间通信所用的 NATS 服务器。',
      },
    },
    s3Endpoint: {
      schema: urlSchema.optional(),
      defaultText: "Amazon's, when s3_bucket is set",
      example: 'https://s3.example.com',
      help: { en: 'Address of an S3-compatible store.', 'zh-CN': 'S3 兼容存储的地址。' },
    },
    s3Bucket: {
      schema: z.string().min(1).optional(),
      defaultText: 'none: files stay in the data folder',
      example: 'backlot',
      help: {
        en: 'Bucket for files. Setting it moves files from the data folder to S3.',
        'zh-CN': '存放文件的桶。设置后文件存入 S3，而不是数据目录。',
      },
    },
    s3Region: {
      schema: z.string().min(1).default('us-east-1'),
      defaultText: 'us-east-1',
      example: 'us-east-1',
      help: { en: 'Region of the bucket.', 'zh-CN': '桶所在区域。' },
    },
    s3AccessKey: {
      schema: z.string().min(1).optional(),
      defaultText: 'none',
      example: 'AKIA…',
      secret: true,
      help: { en: 'Access key of the bucket.', 'zh-CN': '桶的访问密钥 ID。' },
    },
    s3SecretKey: {
      schema: z.string().min(1).optional(),
      defaultText: 'none',
      example: 'secret',
      secret: true,
      help: { en: 'Secret key of the bucket.', 'zh-CN': '桶的访问密钥。' },
    },
    turnUrls: {
      schema: listSchema.default([]),
      defaultText: 'none',
      example: 'turn:turn.example.com:3478',
      help: {
        en: 'TURN servers for viewers behind strict firewalls, with commas between them.',
        'zh-CN': '供处于严格防火墙后的观众使用的 TURN 服务器，用逗号分隔。',
      },
    },
    turnSecret: {
      schema: z.string().min(1).optional(),
      defaultText: 'none',
      example: 'shared-secret',
      secret: true,
      help: {
        en: 'The secret shared with the TURN servers, from which credentials for each session are made.',
        'zh-CN': '与 TURN 服务器共享的密钥，用于为每个会话生成凭据。',
      },
    },
    openMode: {
      schema: switchSchema.optional(),
      defaultText: 'on for `backlot up` on loopback, else off',
      example: 'off',
      help: {
        en: 'Whether streamers that were not started here, and guests without a ticket, are let in (on, off).',
        'zh-CN': '是否允许非本系统启动的推流端以及无票据的访客接入（on、off）。',
      },
    },
    runsElsewhereAfter: {
      schema: durationSchema.default('30m'),
      defaultText: '30m',
      example: '30m',
      help: {
        en: 'How long a lost node must have been away before runs of flows that it may have begun go on elsewhere.',
        'zh-CN': '节点丢失多久之后，它可能已开始的流程运行在其他节点上继续。',
      },
    },
    logLevel: {
      schema: logLevelSchema.default('info'),
      defaultText: 'info',
      example: 'info',
      help: { en: 'How much is written to the log.', 'zh-CN': '日志详细程度。' },
    },
  });
}

export type ControlSettings = ValuesOf<ReturnType<typeof controlSettings>>;
