import { randomUUID } from 'node:crypto';
import { type CliAction, type CommandContext, defineCommand, UsageError } from '@backlot/cli/command';
import { Page } from '@backlot/contract';
import { z } from 'zod';
import { Subscription } from '../contract.ts';
import { findTarget, nameArgument, projectOption } from './find-target.ts';

/** Which kinds of events are told to which targets. */
export const routesCommands: readonly CliAction[] = [
  defineCommand({
    name: 'routes',
    summary: { en: 'Events that are told to a target', 'zh-CN': '列出发送到目标的事件' },
    arguments: [nameArgument],
    options: [projectOption],
    examples: [{ command: 'backlot targets routes ops', description: { en: 'All', 'zh-CN': '全部' } }],
    input: z.object({ name: z.string(), project: z.string().optional() }),
    async run(context, { name, project }) {
      const routes = await listRoutes(context, (await findTarget(context, name, project)).id);
      context.out.result(routes, (items) =>
        context.out.table(
          ['ID', 'LANGUAGE', 'KINDS'],
          items.map(({ id, language, kinds }) => [id, language, kinds.join(', ')]),
        ),
      );
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
  defineCommand({
    name: 'unroute',
    summary: { en: 'Tell events to a target no more', 'zh-CN': '停止把事件发送到目标' },
    description: {
      en: 'Takes away the routes that have exactly these kinds, or one by the id that `routes` shows.',
      'zh-CN': '移除事件类型完全一致的发送规则，或按 routes 列出的编号移除一条。',
    },
    arguments: [
      nameArgument,
      {
        name: 'kinds',
        description: { en: 'The kinds of the route, or its id', 'zh-CN': '发送规则的事件类型或编号' },
        variadic: true,
      },
    ],
    options: [projectOption],
    examples: [
      {
        command: 'backlot targets unroute ops disk.low',
        description: { en: 'No more of full disks', 'zh-CN': '不再通知磁盘不足' },
      },
    ],
    input: z.object({
      name: z.string(),
      kinds: z.array(z.string()).min(1),
      project: z.string().optional(),
    }),
    async run(context, { name, kinds, project }) {
      const target = await findTarget(context, name, project);
      const wanted = kinds.toSorted().join(' ');
      const gone = (await listRoutes(context, target.id)).filter(
        (route) => route.id === wanted || route.kinds.toSorted().join(' ') === wanted,
      );
      if (gone.length === 0) {
        throw new UsageError(
          context.say(
            {
              en: 'No route of {name} has exactly these kinds. `backlot targets routes {name}` lists them.',
              'zh-CN': '{name} 没有事件类型完全一致的发送规则。可用 `backlot targets routes {name}` 查看。',
            },
            { name: target.name },
          ),
        );
      }
      const client = await context.api();
      for (const { id } of gone) {
        await client.transport.run('DELETE', `/api/v1/delivery-subscriptions/${id}`, {
          signal: context.signal,
        });
      }
      context.out.result(gone, (routes) =>
        routes.map((route) => `${target.name}: ${route.kinds.join(', ')}`).join('\n'),
      );
      return 0;
    },
  }),
];

async function listRoutes(context: CommandContext, targetId: string): Promise<Subscription[]> {
  const client = await context.api();
  const found: Subscription[] = [];
  for (let cursor: string | undefined; ; ) {
    const query = new URLSearchParams({ targetId, limit: '100', ...(cursor ? { cursor } : {}) });
    const page = await client.transport.call(
      'GET',
      `/api/v1/delivery-subscriptions?${query}`,
      Page(Subscription),
      { signal: context.signal },
    );
    found.push(...page.items);
    if (page.next === undefined) return found;
    cursor = page.next;
  }
}
