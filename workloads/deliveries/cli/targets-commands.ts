import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type CliGroup,
  type CommandContext,
  defineCommand,
  findProject,
  UsageError,
} from '@backlot/cli/command';
import { z } from 'zod';
import {
  DeliveryTarget,
  type TargetKind,
  type TargetLimits,
  TargetName,
  TargetTest,
  targetKinds,
} from '../contract.ts';
import { findTarget, listTargets, nameArgument, projectOption } from './find-target.ts';
import { routesCommands } from './routes-commands.ts';
import { checkSecretName, readPair, readSettings } from './typed-settings.ts';

const Pairs = z.array(z.string()).default([]);
const secretOptions = [
  {
    flags: '--set <name=value...>',
    description: {
      en: 'A setting; JSON where it is no text: endpoint=https://…, pathStyle=true',
      'zh-CN': '设置项，非文本用 JSON：endpoint=https://…、pathStyle=true',
    },
  },
  {
    flags: '--secret-env <name=VARIABLE...>',
    description: {
      en: 'A secret from a variable of the environment: never typed, so in no history',
      'zh-CN': '从环境变量读取密钥，不会留在命令历史中',
    },
  },
  {
    flags: '--secret-file <name=path...>',
    description: {
      en: 'A secret from a file: config=rclone.conf',
      'zh-CN': '从文件读取密钥：config=rclone.conf',
    },
  },
  {
    flags: '--bandwidth <rate>',
    description: {
      en: 'Most bytes in a second that a node sends there: 20M, 500k, none',
      'zh-CN': '每个节点每秒最多发送的字节数：20M、500k、none（不限）',
    },
  },
  {
    flags: '--parallel <n>',
    description: { en: 'Uploads at once from one node', 'zh-CN': '每个节点同时上传的数量' },
  },
];

/** Bytes in a second, as people write them: `500k`, `20M`, `none`. */
const Bandwidth = z.string().transform((text, context) => {
  if (text === 'none') return null;
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([kM]?)$/.exec(text) ?? [];
  if (digits !== undefined) return Math.round(Number(digits) * (unit === 'M' ? 1e6 : unit === 'k' ? 1e3 : 1));
  context.addIssue({ code: 'custom', message: 'Write it as 500k, 20M or none.' });
  return z.NEVER;
});
const Given = z.object({
  set: Pairs,
  secretEnv: Pairs,
  secretFile: Pairs,
  bandwidth: Bandwidth.optional(),
  parallel: z.coerce.number().int().optional(),
});

export const targetsGroup: CliGroup = {
  name: 'targets',
  summary: { en: 'Where files and messages go', 'zh-CN': '文件和消息的投递目标' },
  commands: [
    defineCommand({
      name: 'list',
      summary: { en: 'All targets with their health', 'zh-CN': '列出目标及其状态' },
      options: [projectOption],
      examples: [{ command: 'backlot targets list', description: { en: 'All', 'zh-CN': '全部' } }],
      input: z.object({ project: z.string().optional() }),
      async run(context, { project }) {
        const targets = await listTargets(context, project);
        context.out.result(targets, (items) =>
          context.out.table(
            ['NAME', 'KIND', 'HEALTH', 'WAITING', 'FAULT'],
            items.map((one) => [
              one.name,
              one.kind,
              one.enabled ? one.health : 'off',
              String(one.waiting),
              one.fault?.message ?? '',
            ]),
          ),
        );
        return 0;
      },
    }),
    defineCommand({
      name: 'add',
      summary: { en: 'Make a target', 'zh-CN': '创建目标' },
      arguments: [
        { name: 'name', description: { en: 'How flows will name it', 'zh-CN': '流程中使用的名称' } },
        { name: 'kind', description: { en: `One of ${targetKinds.join(', ')}`, 'zh-CN': '类型' } },
      ],
      options: [projectOption, ...secretOptions],
      examples: [
        {
          command:
            'backlot targets add archive s3 --set endpoint=https://s3.example.com --set bucket=films --secret-env accessKey=S3_KEY --secret-env secretKey=S3_SECRET',
          description: { en: 'An S3 store', 'zh-CN': 'S3 存储' },
        },
        {
          command: 'backlot targets add baidu rclone --set remote=baidu --secret-file config=rclone.conf',
          description: { en: 'Anything that rclone speaks', 'zh-CN': 'rclone 支持的任何存储' },
        },
      ],
      input: Given.extend({ name: TargetName, kind: z.enum(targetKinds), project: z.string().optional() }),
      async run(context, input) {
        const client = await context.api();
        const { signal } = context;
        const project = await findProject(client, input.project, signal);
        const { settings, secrets, limits } = await given(context, input.kind, input);
        const made = await client.transport.call('POST', '/api/v1/delivery-targets', DeliveryTarget, {
          json: { projectId: project.id, name: input.name, kind: input.kind, settings, secrets, limits },
          idempotencyKey: randomUUID(),
          signal,
        });
        context.out.result(made, ({ id, name }) => `${name} ${id}`);
        return 0;
      },
    }),
    defineCommand({
      name: 'change',
      summary: { en: 'Change a target', 'zh-CN': '修改目标' },
      arguments: [nameArgument],
      options: [
        projectOption,
        ...secretOptions,
        {
          flags: '--drop-secret <name...>',
          description: { en: 'Take a secret away', 'zh-CN': '移除密钥' },
        },
        { flags: '--on', description: { en: 'Switch it on', 'zh-CN': '启用' } },
        {
          flags: '--off',
          description: {
            en: 'Switch it off: what waits goes on waiting',
            'zh-CN': '停用，等待中的投递会保留',
          },
        },
      ],
      examples: [
        {
          command: 'backlot targets change archive --off',
          description: { en: 'Switch off', 'zh-CN': '停用' },
        },
      ],
      input: Given.extend({
        name: z.string(),
        project: z.string().optional(),
        on: z.boolean().default(false),
        off: z.boolean().default(false),
        dropSecret: Pairs,
      }),
      async run(context, input) {
        const target = await findTarget(context, input.name, input.project);
        const typed = await given(context, target.kind, input);
        const { settings, limits } = typed;
        const gone = input.dropSecret.map((name) => [checkSecretName(target.kind, name, context.say), null]);
        const secrets = { ...typed.secrets, ...Object.fromEntries(gone) };
        const client = await context.api();
        const changed = await client.transport.call(
          'PATCH',
          `/api/v1/delivery-targets/${target.id}`,
          DeliveryTarget,
          {
            json: {
              ...(Object.keys(settings).length > 0 ? { settings: { ...target.settings, ...settings } } : {}),
              ...(Object.keys(secrets).length > 0 ? { secrets } : {}),
              ...(Object.keys(limits).length > 0 ? { limits } : {}),
              ...(input.on || input.off ? { enabled: input.on } : {}),
            },
            signal: context.signal,
          },
        );
        context.out.result(changed, ({ name, enabled }) => `${name} ${enabled ? 'on' : 'off'}`);
        return 0;
      },
    }),
    defineCommand({
      name: 'test',
      summary: { en: 'Try a target for real', 'zh-CN': '实际测试目标' },
      description: {
        en: 'A small file goes there, comes back as it was, and is deleted again; a target for messages gets one. Exits 1 when it does not work.',
        'zh-CN': '上传一个小文件、读回比对后删除；消息目标会收到一条测试消息。失败时退出码为 1。',
      },
      arguments: [nameArgument],
      options: [projectOption],
      examples: [{ command: 'backlot targets test archive', description: { en: 'Try it', 'zh-CN': '测试' } }],
      input: z.object({ name: z.string(), project: z.string().optional() }),
      async run(context, { name, project }) {
        const target = await findTarget(context, name, project);
        const client = await context.api();
        const reasons = await context.reasons();
        const test = await client.transport.call(
          'POST',
          `/api/v1/delivery-targets/${target.id}/test`,
          TargetTest,
          {
            signal: context.signal,
          },
        );
        context.out.result(test, ({ fault, durationMs }) =>
          fault ? reasons(fault) : `ok, ${durationMs} ms`,
        );
        return test.ok ? 0 : 1;
      },
    }),
    defineCommand({
      name: 'remove',
      summary: {
        en: 'Delete a target that nothing waits for and no flow names',
        'zh-CN': '删除没有等待项且未被流程使用的目标',
      },
      arguments: [nameArgument],
      options: [projectOption],
      examples: [
        { command: 'backlot targets remove archive', description: { en: 'Delete', 'zh-CN': '删除' } },
      ],
      input: z.object({ name: z.string(), project: z.string().optional() }),
      async run(context, { name, project }) {
        const target = await findTarget(context, name, project);
        const client = await context.api();
        await client.transport.run('DELETE', `/api/v1/delivery-targets/${target.id}`, {
          signal: context.signal,
        });
        context.out.result(target, () => target.name);
        return 0;
      },
    }),
    ...routesCommands,
  ],
};

/** What was typed of a target. A secret that is taken away is null. @throws UsageError */
async function given(
  { cwd, env, say }: CommandContext,
  kind: TargetKind,
  input: z.output<typeof Given>,
): Promise<{
  settings: Record<string, unknown>;
  secrets: Record<string, string>;
  limits: Partial<TargetLimits>;
}> {
  const settings = readSettings(kind, input.set, say);
  const secrets: Record<string, string> = {};
  const pairs = (typed: readonly string[]) =>
    typed.map((text): [string, string] => {
      const [name, value] = readPair(text, say);
      return [checkSecretName(kind, name, say), value];
    });
  for (const [name, variable] of pairs(input.secretEnv)) {
    const value = env[variable];
    if (value === undefined) {
      throw new UsageError(
        say(
          { en: 'The variable {variable} is not set.', 'zh-CN': '环境变量 {variable} 未设置。' },
          { variable },
        ),
      );
    }
    secrets[name] = value;
  }
  for (const [name, path] of pairs(input.secretFile))
    secrets[name] = await readFile(resolve(cwd, path), 'utf8');
  const { bandwidth, parallel } = input;
  const limits = {
    ...(bandwidth === undefined ? {} : { bytesPerSecond: bandwidth }),
    ...(parallel === undefined ? {} : { parallel }),
  };
  return { settings, secrets, limits };
}
