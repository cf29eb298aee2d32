import { type CliGroup, defineCommand, findProject } from '@backlot/cli/command';
import { fill } from '@backlot/contract/phrase';
import { z } from 'zod';
import { StreamsApi, take } from './api.ts';
import { appChanges } from './apps-changes.ts';

const appArgument = {
  name: 'app',
  description: { en: 'The app, by its address or id', 'zh-CN': '应用的地址名称或编号' },
};
const limitOption = {
  flags: '--limit <n>',
  description: { en: 'At most so many', 'zh-CN': '最多条数' },
  defaultText: '50',
};
const limit = z.coerce.number().int().min(1).max(1_000).default(50);

/** `backlot apps …`: what can be streamed. */
export const appsGroup: CliGroup = {
  name: 'apps',
  summary: { en: 'Streams: apps and their instances', 'zh-CN': '串流：应用及其实例' },
  commands: [
    defineCommand({
      name: 'list',
      summary: { en: 'List apps with what runs of each', 'zh-CN': '列出应用及其运行情况' },
      options: [
        { flags: '-p, --project <name>', description: { en: 'Only of this project', 'zh-CN': '仅限此项目' } },
        limitOption,
      ],
      examples: [
        { command: 'backlot apps list', description: { en: 'All of them', 'zh-CN': '全部应用' } },
        { command: 'backlot apps list --json', description: { en: 'For programs', 'zh-CN': '供程序使用' } },
      ],
      input: z.object({ project: z.string().optional(), limit }),
      async run(context, input) {
        const { out, signal } = context;
        const client = await context.api();
        const projectId =
          input.project === undefined ? undefined : (await findProject(client, input.project, signal)).id;
        const found = await take(new StreamsApi(client, signal).apps({ projectId }), input.limit);
        const say = await context.reasons();
        out.result(found, (apps) => [
          ...out.table(
            ['APP', 'NAME', 'VERSION', 'LIVE', 'QUEUED', 'FREE', 'WARM'],
            apps.map(({ slug, name, activeVersion, canary, counts, enabled }) => [
              enabled ? slug : `${slug} (–)`,
              name,
              `${activeVersion ?? '–'}${canary ? ` + ${canary.version} (${canary.share} %)` : ''}`,
              String(counts.live),
              String(counts.queued),
              String(counts.free),
              String(counts.warm),
            ]),
          ),
          ...apps.flatMap(({ slug, trouble }) => (trouble ? [`${slug}: ${say(trouble)}`] : [])),
        ]);
        return 0;
      },
    }),
    defineCommand({
      name: 'show',
      summary: { en: 'Show an app and its versions', 'zh-CN': '查看应用及其版本' },
      arguments: [appArgument],
      examples: [{ command: 'backlot apps show demo', description: { en: 'The demo', 'zh-CN': '演示应用' } }],
      input: z.object({ app: z.string() }),
      async run(context, input) {
        const { out, signal } = context;
        const api = new StreamsApi(await context.api(), signal);
        const [app, versions] = await Promise.all([api.app(input.app), api.versions(input.app)]);
        const say = await context.reasons();
        out.result({ ...app, versions }, () => [
          `${app.name}  /s/${app.slug}`,
          ...(app.trouble ? [say(app.trouble)] : []),
          `${app.counts.live} live  ${app.counts.queued} queued  ${app.counts.free} free  ${app.counts.starting} starting`,
          ...out.table(
            ['VERSION', 'STATE', 'INSTANCES', 'FAILURES', 'NOTE', 'PROGRAM'],
            versions.map((version) => [
              String(version.version),
              version.active ? 'active' : version.canary ? 'canary' : version.used ? 'used' : '',
              String(version.instances),
              String(version.health.failures),
              version.note,
              version.recipe.launch.argv[0],
            ]),
          ),
        ]);
        return 0;
      },
    }),
    defineCommand({
      name: 'instances',
      summary: { en: 'List the instances of an app, or of all', 'zh-CN': '列出应用的实例' },
      arguments: [{ ...appArgument, optional: true }],
      options: [
        { flags: '--all', description: { en: 'Also those that have ended', 'zh-CN': '包括已结束的实例' } },
        limitOption,
      ],
      examples: [
        {
          command: 'backlot apps instances demo --all',
          description: { en: 'With how each ended', 'zh-CN': '包括结束原因' },
        },
      ],
      input: z.object({ app: z.string().optional(), all: z.boolean().default(false), limit }),
      async run(context, input) {
        const { out, signal } = context;
        const api = new StreamsApi(await context.api(), signal);
        const appId = input.app === undefined ? undefined : (await api.app(input.app)).id;
        const query = { appId, ...(input.all ? {} : { open: 'true' }) };
        const found = await take(api.instances(query), input.limit);
        const say = await context.reasons();
        out.result(found, (instances) =>
          out.table(
            ['ID', 'APP', 'VERSION', 'STATE', 'NODE', 'SESSIONS', 'MEMORY', 'WHY'],
            instances.map((instance) => {
              const why = instance.end?.sentence ?? instance.wait ?? instance.retiring;
              const memory = instance.facts ? `${Math.round(instance.facts.memory / 1024 ** 2)} MB` : '';
              return [
                instance.id,
                instance.app,
                String(instance.version),
                instance.state,
                instance.nodeName ?? '',
                String(instance.sessions),
                memory,
                why ? say(why) : '',
              ];
            }),
          ),
        );
        return 0;
      },
    }),
    defineCommand({
      name: 'link',
      summary: { en: 'Make a link that lets one person in', 'zh-CN': '生成供一人使用的链接' },
      arguments: [appArgument],
      options: [
        {
          flags: '--subject <name>',
          description: { en: 'Who it is for; shown to operators', 'zh-CN': '使用者，供管理员查看' },
        },
        {
          flags: '--ttl <seconds>',
          description: { en: 'How long it may be opened', 'zh-CN': '可打开的时限（秒）' },
          defaultText: '300',
        },
        {
          flags: '--session <id>',
          description: { en: 'Watch this session', 'zh-CN': '观看此会话' },
        },
      ],
      examples: [
        {
          command: 'backlot apps link showroom --subject "Ms Li" --ttl 3600',
          description: { en: 'Good for an hour, for one session', 'zh-CN': '一小时内有效，仅限一次会话' },
        },
      ],
      input: z.object({
        app: z.string(),
        subject: z.string().default(''),
        ttl: z.coerce.number().int().min(10).max(86_400).default(300),
        session: z.uuid().optional(),
      }),
      async run(context, { app, subject, ttl, session }) {
        const answer = await new StreamsApi(await context.api(), context.signal).ticket({
          app,
          subject,
          ttlSeconds: ttl,
          ...(session === undefined ? {} : { sessionId: session, role: 'viewer' as const }),
        });
        context.out.result(answer, ({ url }) => url);
        return 0;
      },
    }),
    defineCommand({
      name: 'counts',
      summary: {
        en: 'Live, queued and free, for autoscalers',
        'zh-CN': '在线、排队和空闲数量（供自动扩缩容使用）',
      },
      examples: [
        { command: 'backlot apps counts --json', description: { en: 'For programs', 'zh-CN': '供程序使用' } },
      ],
      input: z.object({}),
      async run(context) {
        const counts = await new StreamsApi(await context.api(), context.signal).counts();
        const all = { slug: fill({ en: 'all', 'zh-CN': '合计' }, {}, context.language), ...counts };
        context.out.result(counts, () =>
          context.out.table(
            ['APP', 'LIVE', 'QUEUED', 'FREE', 'STARTING', 'WARM', 'INSTANCES'],
            [...counts.apps, all].map((row) => [
              row.slug,
              ...[row.live, row.queued, row.free, row.starting, row.warm, row.instances].map(String),
            ]),
          ),
        );
        return 0;
      },
    }),
    ...appChanges,
  ],
};
