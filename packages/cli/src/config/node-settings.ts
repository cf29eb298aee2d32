import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { defaultDataDir, type Machine } from './data-dir.ts';
import {
  defineSettings,
  durationSchema,
  labelsSchema,
  logLevelSchema,
  urlSchema,
  type ValuesOf,
} from './setting.ts';

/** What a node's agent can be told, for `backlot node`. */
export function nodeSettings(machine: Machine) {
  const dataDir = defaultDataDir(machine);
  return defineSettings({
    controlUrl: {
      schema: urlSchema.optional(),
      defaultText: 'none: --join says it',
      example: 'https://backlot.example.com',
      help: { en: 'Address of the control plane to join.', 'zh-CN': '要加入的控制面地址。' },
    },
    joinToken: {
      schema: z.string().min(1).optional(),
      defaultText: 'needed once, at the first start',
      example: 'bjt_…',
      secret: true,
      help: {
        en: 'Join token from the Nodes page. Afterwards the node signs in with a key of its own.',
        'zh-CN': '节点页面生成的接入令牌。加入之后节点使用自己的密钥登录。',
      },
    },
    nodeName: {
      schema: z.string().trim().min(1).max(100).default(hostname()),
      defaultText: 'the name of the machine',
      example: 'gpu-box-1',
      help: { en: 'Name of the node in lists.', 'zh-CN': '节点在列表中的名称。' },
    },
    labels: {
      schema: labelsSchema.default({}),
      defaultText: 'none',
      example: 'room=basement,owner=film',
      help: {
        en: 'Labels that pools and tasks can ask for.',
        'zh-CN': '供资源池和任务选择的标签。',
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
        en: "Folder for the node's key, its journal, cached inputs and the work in progress.",
        'zh-CN': '存放节点密钥、日志、输入缓存和正在进行的工作的目录。',
      },
    },
    onStop: {
      schema: z.enum(['end', 'keep'], { error: 'it is end or keep' }).default('end'),
      defaultText: 'end',
      example: 'keep',
      help: {
        en: 'What happens to running work when the agent is stopped: end it (it is queued again elsewhere), or keep it running for the next agent to take over, as a service that restarts should.',
        'zh-CN':
          '代理停止时正在运行的工作如何处理：end 结束（重新排队到其他节点），keep 继续运行并由下一个代理接管，适合会重启的系统服务。',
      },
    },
    aloneAfter: {
      schema: durationSchema.default('30s'),
      defaultText: '30s',
      example: '30s',
      help: {
        en: 'How long the control plane must have been away before this node runs the flows of its own recordings by itself.',
        'zh-CN': '控制面失联多久之后，节点自行运行其录制内容的流程。',
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

export type NodeSettings = ValuesOf<ReturnType<typeof nodeSettings>>;
