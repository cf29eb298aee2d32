import { type CliGroup, defineCommand, findProject } from '@backlot/cli/command';
import { Page } from '@backlot/contract';
import { z } from 'zod';
import { Delivery, deliveryStates, Message, messageStates } from '../contract.ts';

const limit = { flags: '--limit <n>', description: { en: 'How many', 'zh-CN': '数量' }, defaultText: '30' };
const Limit = z.coerce.number().int().min(1).max(200).default(30);
const project = {
  flags: '-p, --project <name>',
  description: { en: 'Only of this project', 'zh-CN': '只看该项目' },
};

export const deliveriesGroup: CliGroup = {
  name: 'deliveries',
  summary: { en: 'Uploads and messages on their way', 'zh-CN': '上传和消息的投递情况' },
  commands: [
    defineCommand({
      name: 'list',
      summary: { en: 'What goes where, newest first', 'zh-CN': '列出上传，最新的在前' },
      options: [
        project,
        limit,
        {
          flags: '--state <state>',
          description: { en: 'Only these', 'zh-CN': '按状态筛选' },
          choices: deliveryStates,
        },
      ],
      examples: [
        {
          command: 'backlot deliveries list --state waiting',
          description: { en: 'What waits, and why', 'zh-CN': '等待中的上传及原因' },
        },
      ],
      input: z.object({
        project: z.string().optional(),
        limit: Limit,
        state: z.enum(deliveryStates).optional(),
      }),
      async run(context, input) {
        const client = await context.api();
        const { signal, out } = context;
        const reasons = await context.reasons();
        const query = new URLSearchParams({
          limit: String(input.limit),
          ...(input.state ? { state: input.state } : {}),
        });
        if (input.project) query.set('projectId', (await findProject(client, input.project, signal)).id);
        const { items } = await client.transport.call('GET', `/api/v1/deliveries?${query}`, Page(Delivery), {
          signal,
        });
        out.result(items, () =>
          out.table(
            ['KIND', 'TARGET', 'PATH', 'STATE', 'DONE', 'NEXT TRY', 'WHY'],
            items.map((one) => [
              one.kind,
              one.target,
              one.path,
              one.state,
              shareOf(one),
              one.nextTryAt ?? '',
              one.wait
                ? reasons(one.wait)
                : one.state === 'done'
                  ? ''
                  : (one.progress?.fault ?? (one.fault ? reasons(one.fault) : '')),
            ]),
          ),
        );
        return 0;
      },
    }),
    defineCommand({
      name: 'messages',
      summary: { en: 'Messages, newest first', 'zh-CN': '列出消息，最新的在前' },
      options: [
        project,
        limit,
        {
          flags: '--state <state>',
          description: { en: 'Only these', 'zh-CN': '按状态筛选' },
          choices: messageStates,
        },
      ],
      examples: [
        {
          command: 'backlot deliveries messages --state failed',
          description: { en: 'What was given up', 'zh-CN': '已放弃的消息' },
        },
      ],
      input: z.object({
        project: z.string().optional(),
        limit: Limit,
        state: z.enum(messageStates).optional(),
      }),
      async run(context, input) {
        const client = await context.api();
        const { signal, out } = context;
        const query = new URLSearchParams({
          limit: String(input.limit),
          ...(input.state ? { state: input.state } : {}),
        });
        if (input.project) query.set('projectId', (await findProject(client, input.project, signal)).id);
        const { items } = await client.transport.call(
          'GET',
          `/api/v1/delivery-messages?${query}`,
          Page(Message),
          { signal },
        );
        out.result(items, () =>
          out.table(
            ['TARGET', 'TITLE', 'STATE', 'TRIES', 'FAULT'],
            items.map((one) => [one.target, one.title, one.state, String(one.attempts), one.fault ?? '']),
          ),
        );
        return 0;
      },
    }),
  ],
};

function shareOf({ progress, state, size }: Delivery): string {
  if (state === 'done') return '100 %';
  const { done, total = size } = progress ?? {};
  return done === undefined || total === 0 ? '' : `${Math.floor((done / total) * 100)} %`;
}
