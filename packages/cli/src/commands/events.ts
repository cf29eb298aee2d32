import type { Event } from '@backlot/contract/api/events';
import type { Phrase } from '@backlot/contract/phrase';
import { collect } from '@backlot/sdk';
import { z } from 'zod';
import { defineCommand } from '../command.ts';
import { oneLine } from '../output/columns.ts';
import { projectFilter } from './find.ts';
import { limitOption, limitSchema, projectOption } from './options.ts';

/** `backlot events`: what happened, and with `--follow` what happens. */
export const eventsCommand = defineCommand({
  name: 'events',
  summary: { en: 'Show what happened; --follow for what happens', 'zh-CN': '显示事件；--follow 持续输出' },
  options: [
    {
      flags: '-f, --follow',
      description: { en: 'go on with what happens from now on', 'zh-CN': '持续输出新事件' },
    },
    {
      flags: '-k, --kind <kind>',
      description: {
        en: 'only of this kind, as job.ended or job.*',
        'zh-CN': '仅此类型，如 job.ended 或 job.*',
      },
    },
    projectOption,
    limitOption,
  ],
  examples: [
    {
      command: 'backlot events --follow --kind job.*',
      description: { en: 'Watch jobs come and go', 'zh-CN': '实时查看作业变化' },
    },
    {
      command: 'backlot events --json -n 1000',
      description: { en: 'The last thousand, one per line', 'zh-CN': '最近一千条，每行一条' },
    },
  ],
  input: z.object({
    follow: z.boolean().default(false),
    kind: z.string().optional(),
    project: z.string().optional(),
    limit: limitSchema,
  }),
  async run({ out, api, say, signal }, { follow, kind, project, limit }) {
    const client = await api();
    const projectId = await projectFilter(client, project, signal);
    const query = { kind, projectId };
    const newestFirst = await collect(
      client.events.list({ ...query, limit: Math.min(limit, 500) }, signal),
      limit,
    );
    const past = newestFirst.toSorted((a, b) => a.seq - b.seq);
    for (const event of past) out.item(event, eventLine);
    if (!follow) return undefined;
    const after = past.at(-1)?.seq;
    for await (const item of client.events.stream({
      query,
      signal,
      ...(after === undefined ? {} : { after }),
    })) {
      if (item.type === 'event') out.item(item.event, eventLine);
      if (item.type === 'closed') out.note(say(phrases.again, { why: item.error.message }));
    }
    signal.throwIfAborted();
    return undefined;
  },
});

function eventLine(event: Event): string {
  const words = Object.entries(event.body)
    .filter(
      ([, value]) => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean',
    )
    .slice(0, 6)
    .map(([key, value]) => `${key}=${oneLine(String(value))}`);
  return `${event.at}  ${event.kind}  ${event.subject.kind} ${event.subject.id}  ${words.join(' ')}`.trimEnd();
}

const phrases = {
  again: {
    en: 'The stream broke ({why}); connecting again.',
    'zh-CN': '事件流中断（{why}），正在重新连接。',
  },
} as const satisfies Record<string, Phrase>;
