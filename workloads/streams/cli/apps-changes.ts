import { randomUUID } from 'node:crypto';
import {
  type CliCommand,
  type CommandContext,
  defineCommand,
  findProject,
  UsageError,
} from '@backlot/cli/command';
import { z } from 'zod';
import {
  type App,
  AppCreation,
  type AppCreationInput,
  AppRecipe,
  type AppRecipeInput,
  Slug,
} from '../contract.ts';
import { readJson, readNamedFile, StreamsApi } from './api.ts';
import { words } from './words.ts';

const appArgument = {
  name: 'app',
  description: { en: 'The app, by its address or id', 'zh-CN': '应用的地址名称或编号' },
};
const projectOption = {
  flags: '-p, --project <name>',
  description: { en: 'The project, where there are several', 'zh-CN': '所属项目（有多个时）' },
};
const recipeOption = {
  flags: '--recipe <file>',
  description: {
    en: 'A version as JSON: launch, resources, reset …',
    'zh-CN': 'JSON 格式的版本：启动、资源、重置等',
  },
};
const commandArgument = {
  name: 'command',
  description: { en: 'The program and its arguments, behind --', 'zh-CN': '程序及参数，写在 -- 之后' },
  optional: true,
  variadic: true,
};
const example = (command: string, en: string, zh: string) => ({ command, description: { en, 'zh-CN': zh } });

/** A recipe from a file or from what stands behind `--`; the latter's program wins. @throws UsageError */
async function recipeOf(
  context: CommandContext,
  file: string | undefined,
  command: readonly string[],
): Promise<AppRecipeInput> {
  if (file === undefined && command.length === 0) throw new UsageError(context.say(words.noCommand));
  const given = file === undefined ? {} : await readJson(context, file);
  const launch =
    command.length > 0 ? { ...(given.launch as object | undefined), argv: command } : given.launch;
  const parsed = AppRecipe.safeParse({ ...given, launch });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UsageError(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

async function create(context: CommandContext, creation: AppCreationInput): Promise<App> {
  const api = new StreamsApi(await context.api(), context.signal);
  const app = await api.create(AppCreation.parse(creation), randomUUID());
  const url = `${api.client.transport.baseUrl}/s/${app.slug}`;
  context.out.result(app, () => context.say(words.createdApp, { app: app.name, url }));
  return app;
}

const createCommand = defineCommand({
  name: 'create',
  summary: { en: 'Make an app from a command', 'zh-CN': '用命令创建应用' },
  description: {
    en: 'The program is started without a shell; {signallingUrl} and the other launch variables are put into its arguments.',
    'zh-CN': '程序不经过 shell 启动；{signallingUrl} 等启动变量会填入参数。',
  },
  arguments: [
    {
      name: 'slug',
      description: { en: 'Its name in addresses: /s/<slug>', 'zh-CN': '地址中的名称：/s/<slug>' },
    },
    commandArgument,
  ],
  options: [
    projectOption,
    { flags: '--name <name>', description: { en: 'Its name for people', 'zh-CN': '显示名称' } },
    recipeOption,
    {
      flags: '--warm <n>',
      description: { en: 'Instances to keep ready', 'zh-CN': '保持就绪的实例数' },
      defaultText: '0',
    },
    {
      flags: '--public',
      description: { en: 'Whoever has the link may open it', 'zh-CN': '任何持有链接的人都可打开' },
    },
  ],
  examples: [
    example(
      'backlot apps create showroom --warm 1 -- /opt/showroom/Showroom.sh -RenderOffscreen -PixelStreamingURL={signallingUrl}',
      'An Unreal application, one kept ready',
      '虚幻引擎应用，保持一个就绪实例',
    ),
    example('backlot apps create cars --recipe cars.json', 'With everything in a file', '全部设置写在文件中'),
  ],
  input: z.object({
    slug: Slug,
    command: z.array(z.string()).default([]),
    project: z.string().optional(),
    name: z.string().optional(),
    recipe: z.string().optional(),
    warm: z.coerce.number().int().min(0).max(1_000).default(0),
    public: z.boolean().default(false),
  }),
  async run(context, input) {
    const recipe = await recipeOf(context, input.recipe, input.command);
    const project = await findProject(await context.api(), input.project, context.signal);
    await create(context, {
      projectId: project.id,
      slug: input.slug,
      name: input.name ?? input.slug,
      warm: input.warm,
      access: input.public ? 'anyone' : 'ticket',
      recipe,
    });
    return 0;
  },
});

const versionCommand = defineCommand({
  name: 'version',
  summary: { en: 'Add a version to an app', 'zh-CN': '为应用添加版本' },
  arguments: [appArgument, commandArgument],
  options: [
    recipeOption,
    { flags: '--note <text>', description: { en: 'What is new in it', 'zh-CN': '版本说明' } },
    {
      flags: '--activate',
      description: {
        en: 'Start new instances from it; no session ends',
        'zh-CN': '新实例使用该版本，不影响现有会话',
      },
    },
  ],
  examples: [
    example(
      'backlot apps version showroom --activate -- /opt/showroom-2/Showroom.sh -PixelStreamingURL={signallingUrl}',
      'A rolling change',
      '滚动更新',
    ),
  ],
  input: z.object({
    app: z.string(),
    command: z.array(z.string()).default([]),
    recipe: z.string().optional(),
    note: z.string().default(''),
    activate: z.boolean().default(false),
  }),
  async run(context, { app, command, recipe: file, note, activate }) {
    const recipe = await recipeOf(context, file, command);
    const api = new StreamsApi(await context.api(), context.signal);
    const made = await api.addVersion(app, { recipe, note, activate });
    context.out.result(made, ({ version }) => String(version));
    return 0;
  },
});

const activateCommand = defineCommand({
  name: 'activate',
  summary: { en: 'Say which version is started', 'zh-CN': '指定要启动的版本' },
  arguments: [appArgument, { name: 'version', description: { en: 'Its number', 'zh-CN': '版本号' } }],
  options: [
    {
      flags: '--canary <version:percent>',
      description: { en: 'Start some instances from another version', 'zh-CN': '让部分实例使用另一版本' },
    },
  ],
  examples: [
    example(
      'backlot apps activate showroom 2 --canary 3:10',
      'One start in ten tries version 3',
      '十分之一的启动试用版本 3',
    ),
  ],
  input: z.object({
    app: z.string(),
    version: z.coerce.number().int().positive(),
    canary: z.string().optional(),
  }),
  async run(context, input) {
    const match = /^(\d{1,9}):(\d{1,2})$/.exec(input.canary ?? '');
    if (input.canary !== undefined && !match) throw new UsageError(context.say(words.badCanary));
    const canary = match ? { version: Number(match[1]), share: Number(match[2]) } : null;
    const api = new StreamsApi(await context.api(), context.signal);
    const app = await api.release(input.app, input.version, canary);
    context.out.result(app, ({ activeVersion }) => String(activeVersion));
    return 0;
  },
});

const importCommand = defineCommand({
  name: 'import',
  summary: { en: 'Make an app from a configuration of pixelman', 'zh-CN': '从 pixelman 配置创建应用' },
  description: {
    en: 'Takes the file of a render machine. Its command is split into arguments without any shell; what has been taken over, changed or left out is said line by line.',
    'zh-CN': '读取渲染端配置。命令会在不经过 shell 的情况下拆分为参数，并逐行说明导入、更改或忽略的内容。',
  },
  arguments: [{ name: 'file', description: { en: 'The configuration file', 'zh-CN': '配置文件' } }],
  options: [
    projectOption,
    { flags: '--slug <slug>', description: { en: 'Its name in addresses', 'zh-CN': '地址中的名称' } },
    { flags: '--name <name>', description: { en: 'Its name for people', 'zh-CN': '显示名称' } },
    {
      flags: '--dry-run',
      description: { en: 'Only show what would be made', 'zh-CN': '仅显示结果，不创建' },
    },
  ],
  examples: [
    example('backlot apps import render.json --slug meta-demo', 'The app meta-demo', '创建应用 meta-demo'),
    example('backlot apps import render.json --dry-run', 'Look first', '先查看结果'),
  ],
  input: z.object({
    file: z.string(),
    project: z.string().optional(),
    slug: Slug.optional(),
    name: z.string().optional(),
    dryRun: z.boolean().default(false),
  }),
  async run(context, input) {
    const { out } = context;
    const client = await context.api();
    const text = await readNamedFile(context, input.file);
    const imported = await new StreamsApi(client, context.signal).readPixelman(text);
    const say = await context.reasons();
    for (const note of imported.notes) out.note(`- ${say(note)}`);
    if (input.dryRun) {
      out.result(imported, () => JSON.stringify(imported.recipe ?? imported.settings, null, 2));
      return 0;
    }
    if (imported.recipe === null) throw new UsageError(context.say(words.managerFile));
    if (input.slug === undefined) throw new UsageError(context.say(words.needSlug));
    const project = await findProject(client, input.project, context.signal);
    await create(context, {
      projectId: project.id,
      slug: input.slug,
      name: input.name ?? input.slug,
      recipe: imported.recipe,
    });
    return 0;
  },
});

const clearCommand = defineCommand({
  name: 'clear',
  summary: { en: 'Start an app again that failed several times', 'zh-CN': '重新启动多次失败的应用' },
  arguments: [appArgument],
  examples: [example('backlot apps clear showroom', 'After the cause is gone', '排除原因之后')],
  input: z.object({ app: z.string() }),
  async run(context, input) {
    const app = await new StreamsApi(await context.api(), context.signal).clear(input.app);
    context.out.result(app, ({ slug }) => slug);
    return 0;
  },
});

const removeCommand = defineCommand({
  name: 'remove',
  summary: { en: 'Remove an app that nobody uses', 'zh-CN': '删除无人使用的应用' },
  arguments: [appArgument],
  options: [{ flags: '-y, --yes', description: { en: 'It is meant', 'zh-CN': '确认删除' } }],
  examples: [example('backlot apps remove old-showroom --yes', 'For good', '永久删除')],
  input: z.object({ app: z.string(), yes: z.boolean().default(false) }),
  async run(context, input) {
    const api = new StreamsApi(await context.api(), context.signal);
    const app = await api.app(input.app);
    if (!input.yes) throw new UsageError(context.say(words.needYes, { app: app.name }));
    await api.remove(app.id);
    context.out.result({ removed: app.id }, () => context.say(words.removed, { app: app.name }));
    return 0;
  },
});

/** Commands that change apps. */
export const appChanges: readonly CliCommand[] = [
  createCommand,
  versionCommand,
  activateCommand,
  importCommand,
  clearCommand,
  removeCommand,
];
