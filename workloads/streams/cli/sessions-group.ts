import { type CliGroup, defineCommand } from '@backlot/cli/command';
import { z } from 'zod';
import type { Session } from '../contract.ts';
import { StreamsApi, take } from './api.ts';
import { words } from './words.ts';

const id = z.uuid('Give the whole id, as `backlot sessions list` shows it.');
const idArgument = { name: 'id', description: { en: 'Id of the session', 'zh-CN': '会话编号' } };

const connected = ({ players }: Session) => players.filter((player) => player.connected).length;
const seconds = (ms: number) => `${Math.round(ms / 1_000)} s`;

/** `backlot sessions …`: who uses what. */
export const sessionsGroup: CliGroup = {
  name: 'sessions',
  summary: { en: 'Streams: sessions and their players', 'zh-CN': '串流：会话与参与者' },
  commands: [
    defineCommand({
      name: 'list',
      summary: { en: 'List sessions that run or wait', 'zh-CN': '列出进行中和排队的会话' },
      options: [
        { flags: '--app <app>', description: { en: 'Only of this app', 'zh-CN': '仅限此应用' } },
        { flags: '--all', description: { en: 'Also those that are over', 'zh-CN': '包括已结束的会话' } },
        {
          flags: '--limit <n>',
          description: { en: 'At most so many', 'zh-CN': '最多条数' },
          defaultText: '50',
        },
      ],
      examples: [
        {
          command: 'backlot sessions list --app demo --all',
          description: { en: 'With how each ended', 'zh-CN': '包括结束原因' },
        },
      ],
      input: z.object({
        app: z.string().optional(),
        all: z.boolean().default(false),
        limit: z.coerce.number().int().min(1).max(1_000).default(50),
      }),
      async run(context, input) {
        const { out, signal } = context;
        const api = new StreamsApi(await context.api(), signal);
        const appId = input.app === undefined ? undefined : (await api.app(input.app)).id;
        const query = { appId, ...(input.all ? {} : { open: 'true' }) };
        const found = await take(api.sessions(query), input.limit);
        out.result(found, (sessions) =>
          out.table(
            ['ID', 'APP', 'STATE', 'WHO', 'PLAYERS', 'NODE', 'QUEUE', 'SINCE'],
            sessions.map((session) => [
              session.id,
              session.app,
              session.end ? `${session.state} (${session.end.reason})` : session.state,
              session.subject,
              String(connected(session)),
              session.nodeName ?? '',
              session.queue ? `${session.queue.position} (${seconds(session.queue.waitedMs)})` : '',
              session.requestedAt,
            ]),
          ),
        );
        return 0;
      },
    }),
    defineCommand({
      name: 'show',
      summary: { en: 'Show a session with its history', 'zh-CN': '查看会话及其历史' },
      arguments: [idArgument],
      examples: [],
      input: z.object({ id }),
      async run(context, input) {
        const { out, signal } = context;
        const session = await new StreamsApi(await context.api(), signal).session(input.id);
        const say = await context.reasons();
        out.result(session, () => [
          `${session.appName}  ${session.state}  ${session.subject}`,
          ...(session.end ? [say(session.end.sentence)] : []),
          ...out.table(
            ['PLAYER', 'ROLE', 'WHO', 'ADDRESS', 'CONNECTED'],
            session.players.map((player) => [
              player.id,
              player.role,
              player.subject,
              player.address ?? '',
              player.connected ? '✓' : '',
            ]),
          ),
          ...out.table(
            ['AT', 'WHAT', ''],
            session.timeline.map(({ at, what, detail }) => [
              at,
              what,
              Object.entries(detail)
                .map(([key, value]) => `${key}=${String(value)}`)
                .join(' '),
            ]),
          ),
        ]);
        return 0;
      },
    }),
    defineCommand({
      name: 'end',
      summary: { en: 'End a session for everybody in it', 'zh-CN': '结束会话' },
      arguments: [idArgument],
      examples: [],
      input: z.object({ id }),
      async run(context, input) {
        const session = await new StreamsApi(await context.api(), context.signal).endSession(input.id);
        context.out.result(session, () => context.say(words.ended));
        return 0;
      },
    }),
    defineCommand({
      name: 'kick',
      summary: { en: 'Send one player away', 'zh-CN': '移除一名参与者' },
      description: {
        en: 'Sending away the one in control ends the session.',
        'zh-CN': '移除控制者会结束会话。',
      },
      arguments: [
        idArgument,
        {
          name: 'player',
          description: { en: 'The player’s number, as `show` says it', 'zh-CN': '参与者编号（见 show）' },
        },
      ],
      examples: [],
      input: z.object({ id, player: z.string().regex(/^\d{1,18}$/) }),
      async run(context, input) {
        const session = await new StreamsApi(await context.api(), context.signal).kick(
          input.id,
          input.player,
        );
        context.out.result(session, () => context.say(words.kicked));
        return 0;
      },
    }),
  ],
};
