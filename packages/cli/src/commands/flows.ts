import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { flowErrors } from '@backlot/contract/errors/flows';
import { type Flow, FlowRunState, flowTextLimit } from '@backlot/contract/flow/api';
import { sayIssue } from '@backlot/contract/flow/check/issues';
import { said } from '@backlot/contract/flow/check/said';
import type { Phrase } from '@backlot/contract/phrase';
import { type ApiClient, collect } from '@backlot/sdk';
import { z } from 'zod';
import { type CliGroup, type CommandContext, defineCommand, UsageError } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatAge } from '../output/amounts.ts';
import { confirm } from './confirm.ts';
import { findByName, findProject, projectFilter, shortId } from './find.ts';
import { describeRun, findRun, runColumns, runRow, watchRun } from './flow-runs.ts';
import { idOf, limitOption, limitSchema, projectOption, yesOption } from './options.ts';

const flowArgument = { name: 'flow', description: idOf('flow', '流程') } as const;
const runArgument = { name: 'run', description: idOf('run', '运行') } as const;
const flowInput = z.object({ flow: z.string() });
const runInput = z.object({ run: z.string() });

/** `backlot flows …`: graphs of steps, as files, and their runs. */
export const flowsCommands: CliGroup = {
  name: 'flows',
  summary: { en: 'Flows as files, and their runs', 'zh-CN': '流程文件及其运行' },
  commands: [
    defineCommand({
      name: 'list',
      summary: { en: 'List flows', 'zh-CN': '列出流程' },
      options: [projectOption, limitOption],
      input: z.object({ project: z.string().optional(), limit: limitSchema }),
      async run({ out, api, say, signal }, { project, limit }) {
        const client = await api();
        const projectId = await projectFilter(client, project, signal);
        const flows = await collect(
          client.flows.list({ projectId, limit: Math.min(limit, 500) }, signal),
          limit,
        );
        out.result(flows, () =>
          flows.length === 0 ? say(phrases.none) : out.table(flowColumns(say), flows.map(flowRow)),
        );
        return undefined;
      },
    }),
    defineCommand({
      name: 'show',
      summary: { en: 'Show one flow and its latest runs', 'zh-CN': '显示一个流程及其最近的运行' },
      arguments: [flowArgument],
      input: flowInput,
      async run(context, { flow: typed }) {
        const { out, say, signal } = context;
        const client = await context.api();
        const sentence = await context.reasons();
        const { id } = await findFlow(client, typed, signal);
        const flow = await client.flows.get(id, signal);
        const runs = await collect(client.flows.runs({ flowId: id, limit: 10 }, signal), 10);
        out.result({ ...flow, runs }, () => [
          `${flow.name}  ${flow.id}`,
          `v${flow.version}  ${flow.enabled ? say(phrases.on) : say(phrases.off)}  ${flow.trigger}`,
          ...(flow.problem === null ? [] : [`${say(phrases.problem)}: ${sentence(flow.problem)}`]),
          ...(flow.hook === null ? [] : [`POST ${client.transport.baseUrl}${flow.hook}`]),
          ...flow.definition.steps.map(({ id: step, kind }) => `  ${step}  ${kind}`),
          ...(runs.length === 0
            ? []
            : out.table(
                runColumns(say),
                runs.map((run) => runRow(run, say, sentence)),
              )),
        ]);
        return undefined;
      },
    }),
    defineCommand({
      name: 'apply',
      summary: { en: 'Make or change a flow from a file', 'zh-CN': '由文件创建或更新流程' },
      description: {
        en: 'Makes the flow of a YAML or JSON file, or saves a new version of the flow of the same name. Applying the same file again changes nothing. With --check nothing is saved.',
        'zh-CN':
          '根据 YAML 或 JSON 文件创建流程，或为同名流程保存新版本。重复应用同一文件不会产生变化。使用 --check 时不保存。',
      },
      arguments: [{ name: 'file', description: { en: 'YAML or JSON', 'zh-CN': 'YAML 或 JSON 文件' } }],
      options: [
        projectOption,
        { flags: '-m, --note <text>', description: { en: 'what has changed', 'zh-CN': '变更说明' } },
        {
          flags: '--check',
          description: { en: 'say what is wrong, save nothing', 'zh-CN': '仅检查，不保存' },
        },
      ],
      examples: [
        {
          command: 'backlot flows apply archive.yaml -m "verify twice"',
          description: { en: 'A new version', 'zh-CN': '保存新版本' },
        },
      ],
      input: z.object({
        file: z.string(),
        project: z.string().optional(),
        note: z.string().max(500).default(''),
        check: z.boolean().default(false),
      }),
      async run(context, { file, project, note, check }) {
        const { out, signal, say } = context;
        const text = await readText(context, resolve(context.cwd, file));
        const client = await context.api();
        const { issues, definition } = await client.flows.check({ text }, signal);
        for (const issue of issues) {
          out.warn(
            `${file}:${issue.line ?? 1}:${issue.column ?? 1} ${say(phrases[issue.severity])}: ${sayIssue(issue, context.language)}`,
          );
        }
        const wrong = issues.find(({ severity }) => severity === 'error');
        if (wrong || !definition) {
          throw new BacklotError(flowErrors.flow_invalid, {
            params: { problem: wrong ? sayIssue(wrong, context.language) : '' },
          });
        }
        if (check) {
          out.result({ issues }, () => say(phrases.sound));
          return undefined;
        }
        const { id: projectId } = await findProject(client, project, signal);
        const named = await collect(client.flows.list({ projectId, text: definition.name }, signal), 1_000);
        const known = named.find(({ name }) => name.toLowerCase() === definition.name.toLowerCase());
        const flow = known
          ? await client.flows.save(known.id, { text, note, base: known.version }, signal)
          : await client.flows.create({ projectId, text, note }, signal);
        const told = !known ? phrases.made : known.version === flow.version ? phrases.same : phrases.saved;
        out.result(flow, () => say(told, { name: flow.name, version: flow.version }));
        return undefined;
      },
    }),
    defineCommand({
      name: 'export',
      summary: { en: 'Write a flow as YAML', 'zh-CN': '将流程导出为 YAML' },
      arguments: [flowArgument],
      options: [
        {
          flags: '-o, --out <file>',
          description: { en: 'to this file instead of stdout', 'zh-CN': '写入文件' },
        },
        { flags: '--version-number <n>', description: { en: 'an earlier version', 'zh-CN': '指定版本' } },
      ],
      input: flowInput.extend({
        out: z.string().optional(),
        versionNumber: z.coerce
          .number<unknown>({
            error: said({ en: 'A version is a number from 1.', 'zh-CN': '版本是从 1 开始的数字。' }),
          })
          .int()
          .min(1)
          .optional(),
      }),
      async run(context, { flow: typed, out: target, versionNumber }) {
        const { out, api, cwd, signal } = context;
        const client = await api();
        const { id } = await findFlow(client, typed, signal);
        const source =
          versionNumber === undefined
            ? await client.flows.get(id, signal)
            : await client.flows.version(id, versionNumber, signal);
        if (target !== undefined) await writeText(context, resolve(cwd, target), source.text);
        else if (out.json) out.result(source, () => []);
        else out.raw(source.text);
        return undefined;
      },
    }),
    defineCommand({
      name: 'run',
      summary: { en: 'Start a run by hand', 'zh-CN': '手动启动运行' },
      arguments: [flowArgument],
      options: [
        {
          flags: '--artifact <port=id...>',
          description: { en: 'a file for a port of the trigger', 'zh-CN': '触发器端口对应的文件' },
        },
        {
          flags: '--data <json>',
          description: { en: 'what is at {{trigger.…}}', 'zh-CN': '{{trigger.…}} 的内容' },
        },
        { flags: '--wait', description: { en: 'follow it until it ends', 'zh-CN': '跟踪到结束' } },
      ],
      examples: [
        {
          command: `backlot flows run transcode --artifact file=0199… --data '{"title":"Monday"}' --wait`,
          description: { en: 'With a file', 'zh-CN': '指定文件' },
        },
      ],
      input: flowInput.extend({
        artifact: z
          .array(z.string().regex(/^[^=]+=./, said({ en: 'Write port=id.', 'zh-CN': '请写成 端口=编号。' })))
          .default([]),
        data: z.string().default('{}'),
        wait: z.boolean().default(false),
      }),
      async run(context, { flow: typed, artifact, data, wait }) {
        const client = await context.api();
        const { id } = await findFlow(client, typed, context.signal);
        const artifacts: Record<string, string[]> = {};
        for (const pair of artifact) {
          const port = pair.slice(0, pair.indexOf('='));
          artifacts[port] = [...(artifacts[port] ?? []), pair.slice(pair.indexOf('=') + 1)];
        }
        const run = await client.flows.run(id, { artifacts, data: parseData(context, data) }, context.signal);
        const end = wait
          ? await watchRun(context, client, run.id)
          : await client.flows.getRun(run.id, context.signal);
        await describeRun(context, end);
        return wait && end.state !== 'succeeded' ? exitCodes.failed : exitCodes.ok;
      },
    }),
    defineCommand({
      name: 'runs',
      summary: { en: 'List runs, or show one with its steps', 'zh-CN': '列出运行，或显示其中一个的步骤' },
      arguments: [{ ...runArgument, optional: true }],
      options: [
        { flags: '-f, --flow <flow>', description: { en: 'only of this flow', 'zh-CN': '仅此流程' } },
        {
          flags: '-s, --state <state>',
          description: { en: 'only in this state', 'zh-CN': '仅此状态' },
          choices: FlowRunState.options,
        },
        projectOption,
        limitOption,
      ],
      input: z.object({
        run: z.string().optional(),
        flow: z.string().optional(),
        state: FlowRunState.optional(),
        project: z.string().optional(),
        limit: limitSchema,
      }),
      async run(context, { run: typed, flow, state, project, limit }) {
        const { out, say, signal } = context;
        const client = await context.api();
        if (typed !== undefined) {
          const { id } = await findRun(client, typed, signal);
          await describeRun(context, await client.flows.getRun(id, signal));
          return undefined;
        }
        const projectId = await projectFilter(client, project, signal);
        const flowId = flow === undefined ? undefined : (await findFlow(client, flow, signal)).id;
        const query = { projectId, flowId, state, limit: Math.min(limit, 500) };
        const runs = await collect(client.flows.runs(query, signal), limit);
        const sentence = await context.reasons();
        out.result(runs, () =>
          runs.length === 0
            ? say(phrases.noRuns)
            : out.table(
                runColumns(say),
                runs.map((run) => runRow(run, say, sentence)),
              ),
        );
        return undefined;
      },
    }),
    defineCommand({
      name: 'cancel',
      summary: { en: 'Cancel a run', 'zh-CN': '取消运行' },
      arguments: [runArgument],
      input: runInput,
      async run(context, { run: typed }) {
        const client = await context.api();
        const { id } = await findRun(client, typed, context.signal);
        await client.flows.cancelRun(id, context.signal);
        await describeRun(context, await client.flows.getRun(id, context.signal));
        return undefined;
      },
    }),
    defineCommand({
      name: 'retry',
      summary: { en: 'Do a run again; what succeeded is taken over', 'zh-CN': '重试运行，沿用已成功的步骤' },
      arguments: [runArgument],
      options: [
        { flags: '--from <step>', description: { en: 'from this step on', 'zh-CN': '从此步骤开始' } },
        { flags: '--newest', description: { en: 'by the newest version', 'zh-CN': '使用最新版本' } },
        { flags: '--wait', description: { en: 'follow it until it ends', 'zh-CN': '跟踪到结束' } },
      ],
      input: runInput.extend({
        from: z.string().optional(),
        newest: z.boolean().default(false),
        wait: z.boolean().default(false),
      }),
      async run(context, { run: typed, from, newest, wait }) {
        const client = await context.api();
        const { id } = await findRun(client, typed, context.signal);
        const run = await client.flows.retryRun(
          id,
          { newest, ...(from === undefined ? {} : { from }) },
          context.signal,
        );
        const end = wait
          ? await watchRun(context, client, run.id)
          : await client.flows.getRun(run.id, context.signal);
        await describeRun(context, end);
        return wait && end.state !== 'succeeded' ? exitCodes.failed : exitCodes.ok;
      },
    }),
    switchCommand('enable', true, {
      en: 'Let the trigger of a flow start runs',
      'zh-CN': '启用流程的触发器',
    }),
    switchCommand('disable', false, {
      en: 'Keep the trigger of a flow from starting runs',
      'zh-CN': '停用流程的触发器',
    }),
    defineCommand({
      name: 'remove',
      summary: { en: 'Remove a flow; its runs stay', 'zh-CN': '删除流程，保留其运行记录' },
      arguments: [flowArgument],
      options: [yesOption],
      input: flowInput.extend({ yes: z.boolean().default(false) }),
      async run(context, { flow: typed, yes }) {
        const client = await context.api();
        const { id, name } = await findFlow(client, typed, context.signal);
        if (!(await confirm(context, yes, context.say(phrases.removing, { name })))) return exitCodes.failed;
        await client.flows.remove(id, context.signal);
        context.out.result({ id }, () => context.say(phrases.removed, { name }));
        return undefined;
      },
    }),
  ],
};

function switchCommand(name: string, enabled: boolean, summary: Phrase) {
  return defineCommand({
    name,
    summary,
    arguments: [flowArgument],
    input: flowInput,
    async run({ out, api, say, signal }, { flow: typed }) {
      const client = await api();
      const { id } = await findFlow(client, typed, signal);
      const flow = await client.flows.change(id, { enabled }, signal);
      out.result(flow, () => `${flow.name}: ${say(enabled ? phrases.on : phrases.off)}`);
      return undefined;
    },
  });
}

async function readText({ say }: CommandContext, path: string): Promise<string> {
  const bytes = await readFile(path).catch(() => undefined);
  if (!bytes) throw new UsageError(say(phrases.unreadable, { path }));
  if (bytes.length > flowTextLimit * 4) throw new UsageError(say(phrases.large, { path }));
  return bytes.toString('utf8');
}

async function writeText({ say }: CommandContext, path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new UsageError(say(phrases.unwritable, { path, reason }));
  }
}

function parseData({ say }: CommandContext, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Said below, in one sentence.
  }
  throw new UsageError(say(phrases.data));
}

function findFlow(client: ApiClient, typed: string, signal: AbortSignal): Promise<Flow> {
  return findByName(
    'flow',
    typed,
    () => client.flows.list({ limit: 500 }, signal),
    (id) => client.flows.get(id, signal),
  );
}

function flowColumns(say: CommandContext['say']): readonly string[] {
  return [
    phrases.id,
    phrases.on,
    phrases.version,
    phrases.trigger,
    phrases.runs,
    phrases.age,
    phrases.name,
  ].map((phrase) => say(phrase));
}

function flowRow(flow: Flow): readonly string[] {
  return [
    shortId(flow.id),
    flow.enabled ? '●' : '○',
    String(flow.version),
    flow.trigger,
    flow.lastRun ? `${flow.openRuns} / ${flow.lastRun.state}` : '–',
    formatAge(flow.updatedAt, Date.now()),
    flow.name,
  ];
}

const phrases = {
  none: {
    en: 'No flows. `backlot flows apply FILE` makes one.',
    'zh-CN': '没有流程。可用 `backlot flows apply 文件` 创建。',
  },
  problem: { en: 'Its trigger starts nothing', 'zh-CN': '触发器无法启动运行' },
  noRuns: { en: 'No runs.', 'zh-CN': '没有运行。' },
  id: { en: 'ID', 'zh-CN': '编号' },
  on: { en: 'on', 'zh-CN': '启用' },
  off: { en: 'off', 'zh-CN': '停用' },
  version: { en: 'VERSION', 'zh-CN': '版本' },
  trigger: { en: 'TRIGGER', 'zh-CN': '触发器' },
  runs: { en: 'OPEN / LAST', 'zh-CN': '进行中 / 最近' },
  age: { en: 'CHANGED', 'zh-CN': '修改' },
  name: { en: 'NAME', 'zh-CN': '名称' },
  unreadable: { en: '{path} can’t be read.', 'zh-CN': '无法读取 {path}。' },
  unwritable: { en: '{path} can’t be written: {reason}.', 'zh-CN': '无法写入 {path}：{reason}。' },
  large: { en: '{path} is too large for a flow.', 'zh-CN': '{path} 过大，不是流程文件。' },
  data: { en: '--data takes a JSON object.', 'zh-CN': '--data 需要一个 JSON 对象。' },
  error: { en: 'error', 'zh-CN': '错误' },
  warning: { en: 'warning', 'zh-CN': '警告' },
  sound: { en: 'The flow is sound.', 'zh-CN': '流程没有问题。' },
  made: { en: 'Made the flow {name}.', 'zh-CN': '已创建流程 {name}。' },
  saved: { en: 'Saved {name}: version {version}.', 'zh-CN': '已保存 {name}：版本 {version}。' },
  same: {
    en: '{name} says the same already: version {version}.',
    'zh-CN': '{name} 没有变化：版本 {version}。',
  },
  removing: { en: 'Remove the flow {name}?', 'zh-CN': '删除流程 {name}？' },
  removed: { en: 'Removed {name}.', 'zh-CN': '已删除 {name}。' },
} as const satisfies Record<string, Phrase>;
