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
import { Page } from '@backlot/contract';
import { z } from 'zod';
import { DeliveryTarget, Subscription, TargetName, TargetTest, targetKinds } from '../contract.ts';

const Pairs = z.array(z.string()).default([]);
const projectOption = {
  flags: '-p, --project <name>',
  description: { en: 'Project, when there are several', 'zh-CN': '项目（有多个项目时）' },
};
const nameArgument = {
  name: 'name',
  description: { en: 'Name or id of the target', 'zh-CN': '目标名称或 ID' },
};
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
];

const Given = z.object({ set: Pairs, secretEnv: Pairs, secretFile: Pairs });

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
        const { settings, secrets } = await given(context, input);
        const made = await client.transport.call('POST', '/api/v1/delivery-targets', DeliveryTarget, {
          json: { projectId: project.id, name: input.name, kind: input.kind, settings, secrets },
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
      }),
      async run(context, input) {
        const target = await findTarget(context, input.name, input.project);
        const { settings, secrets } = await given(context, input);
        const client = await context.api();
        const changed = await client.transport.call(
          'PATCH',
          `/api/v1/delivery-targets/${target.id}`,
          DeliveryTarget,
          {
            json: {
              ...(Object.keys(settings).length > 0 ? { settings: { ...target.settings, ...settings } } : {}),
              ...(Object.keys(secrets).length > 0 ? { secrets } : {}),
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
      summary: { en: 'Delete a target that nothing waits for', 'zh-CN': '删除没有等待项的目标' },
      arguments: [nameArgument],
      options: [projectOption],
      examples: [
        { command: 'backlot targets remove archive', description: { en: 'Delete', 'zh-CN': '删除' } },
      ],
      input: z.object({ name: z.string(), project: z.string().optional() }),
      async run(context, { name, project }) {
        const target = await findTarget(context, name, project);
        const client = await context.api();
        await client.transport.call('DELETE', `/api/v1/delivery-targets/${target.id}`, z.undefined(), {
          signal: context.signal,
        });
        context.out.result(target, () => target.name);
        return 0;
      },
    }),
    defineCommand({
      name: 'route',
      summary: { en: 'Tell kinds of events to a target', 'zh-CN': '把事件发送到目标' },
      arguments: [
        nameArgument,
        {
          name: 'kinds',
          description: {
            en: 'recordings.stall, disk.low, flow.run.failed, …',
            'zh-CN': 'recordings.stall、disk.low、flow.run.failed 等',
          },
          variadic: true,
        },
      ],
      options: [
        projectOption,
        {
          flags: '--words <language>',
          description: { en: 'Language of the messages', 'zh-CN': '消息语言' },
          choices: ['en', 'zh-CN'],
          defaultText: 'en',
        },
      ],
      examples: [
        {
          command: 'backlot targets route ops recordings.stall disk.low flow.run.failed',
          description: { en: 'Faults to the operators', 'zh-CN': '把故障通知运维' },
        },
      ],
      input: z.object({
        name: z.string(),
        kinds: z.array(z.string()).min(1),
        project: z.string().optional(),
        words: z.enum(['en', 'zh-CN']).default('en'),
      }),
      async run(context, { name, kinds, project, words }) {
        const target = await findTarget(context, name, project);
        const client = await context.api();
        const made = await client.transport.call('POST', '/api/v1/delivery-subscriptions', Subscription, {
          json: { targetId: target.id, kinds, language: words },
          idempotencyKey: randomUUID(),
          signal: context.signal,
        });
        context.out.result(made, () => `${target.name}: ${made.kinds.join(', ')}`);
        return 0;
      },
    }),
  ],
};

async function listTargets(context: CommandContext, project: string | undefined): Promise<DeliveryTarget[]> {
  const client = await context.api();
  const { signal } = context;
  const projectId = project === undefined ? undefined : (await findProject(client, project, signal)).id;
  const found: DeliveryTarget[] = [];
  for (let cursor: string | undefined; ; ) {
    const query = new URLSearchParams({
      limit: '100',
      ...(cursor ? { cursor } : {}),
      ...(projectId ? { projectId } : {}),
    });
    const page = await client.transport.call(
      'GET',
      `/api/v1/delivery-targets?${query}`,
      Page(DeliveryTarget),
      { signal },
    );
    found.push(...page.items);
    if (page.next === undefined) return found;
    cursor = page.next;
  }
}

/** @throws UsageError when there is none, or several of that name */
async function findTarget(
  context: CommandContext,
  name: string,
  project: string | undefined,
): Promise<DeliveryTarget> {
  const found = (await listTargets(context, project)).filter((one) => one.name === name || one.id === name);
  const [only] = found;
  if (only && found.length === 1) return only;
  throw new UsageError(
    context.say(
      only
        ? {
            en: 'Several projects have a target {name}; add --project.',
            'zh-CN': '多个项目有名为 {name} 的目标，请加 --project。',
          }
        : { en: 'There is no target {name}.', 'zh-CN': '没有名为 {name} 的目标。' },
      { name },
    ),
  );
}

async function given(
  { cwd, env, say }: CommandContext,
  input: z.output<typeof Given>,
): Promise<{ settings: Record<string, unknown>; secrets: Record<string, string> }> {
  const settings = Object.fromEntries(input.set.map(pair).map(([name, text]) => [name, settingOf(text)]));
  const secrets: Record<string, string> = {};
  for (const [name, variable] of input.secretEnv.map(pair)) {
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
  for (const [name, path] of input.secretFile.map(pair))
    secrets[name] = await readFile(resolve(cwd, path), 'utf8');
  return { settings, secrets };
}

function pair(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at <= 0) throw new UsageError(`${text}: name=value`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** JSON where it is JSON, else the text. */
function settingOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
