import { type CliGroup, defineCommand, formatBytes, formatDuration, oneLine } from '@backlot/cli/command';
import type { Phrase } from '@backlot/contract/phrase';
import { collect } from '@backlot/sdk/paging';
import { z } from 'zod';
import { broadcastStates } from '../contract/broadcast.ts';
import { wordsOfWhy } from '../contract/why-words.ts';
import { findChannel } from './find-channel.ts';
import { RecordingsApi } from './recordings-api.ts';
import { texts } from './texts.ts';

const broadcastArgument = {
  name: 'broadcast',
  description: { en: 'The broadcast, by id', 'zh-CN': '直播场次 ID' },
};

/** `backlot recordings broadcasts …` */
export const broadcastsGroup: CliGroup = {
  name: 'broadcasts',
  summary: { en: 'What was recorded', 'zh-CN': '已录制的直播' },
  commands: [
    defineCommand({
      name: 'list',
      summary: { en: 'List broadcasts, newest first', 'zh-CN': '列出直播场次（最新在前）' },
      options: [
        { flags: '--channel <name>', description: { en: 'Of this channel', 'zh-CN': '所属频道' } },
        {
          flags: '--state <state>',
          description: { en: 'Only those', 'zh-CN': '按状态筛选' },
          choices: broadcastStates,
        },
        {
          flags: '--limit <n>',
          description: { en: 'At most so many', 'zh-CN': '最多条数' },
          defaultText: '50',
        },
      ],
      examples: [
        {
          command: 'backlot recordings broadcasts list --channel radio',
          description: { en: 'Of one channel', 'zh-CN': '某个频道的场次' },
        },
      ],
      input: z.object({
        channel: z.string().optional(),
        state: z.enum(broadcastStates).optional(),
        limit: z.coerce.number().int().min(1).max(1_000).default(50),
      }),
      async run(context, { channel, state, limit }) {
        const api = new RecordingsApi(await context.api(), context.signal);
        const channelId = channel === undefined ? undefined : (await findChannel(api, channel)).id;
        const found = [];
        for await (const one of api.broadcasts({
          ...(channelId === undefined ? {} : { channelId }),
          ...(state === undefined ? {} : { state }),
        })) {
          found.push(one);
          if (found.length >= limit) break;
        }
        context.out.result(found, (broadcasts) =>
          broadcasts.length === 0
            ? context.say(texts.noBroadcasts)
            : context.out.table(
                [
                  texts.channel,
                  texts.title,
                  texts.state,
                  texts.started,
                  texts.length,
                  texts.lost,
                  texts.size,
                  texts.copy,
                  texts.id,
                ].map((word) => context.say(word)),
                broadcasts.map((one) => [
                  one.channelName,
                  one.title ?? '',
                  one.state,
                  one.startedAt,
                  formatDuration(one.durationMs),
                  `${Math.round(one.lossMs)} ms`,
                  formatBytes(one.bytes),
                  one.verified ? context.say(texts.verified) : '',
                  one.id,
                ]),
              ),
        );
        return 0;
      },
    }),
    defineCommand({
      name: 'show',
      summary: { en: 'Show a broadcast: takes, holes, files', 'zh-CN': '查看场次：录制段、间断、文件' },
      arguments: [broadcastArgument],
      input: z.object({ broadcast: z.uuid() }),
      async run(context, { broadcast: id }) {
        const client = await context.api();
        const timeline = await new RecordingsApi(client, context.signal).timeline(id);
        // Whoever may not look at nodes still sees which takes are of the same one.
        const nodes = await collect(client.nodes.list({ limit: 500 }, context.signal), 5_000).catch(() => []);
        const nameOf = (nodeId: string) => nodes.find((node) => node.id === nodeId)?.name ?? nodeId;
        const { broadcast, takes, gaps, files, segments } = timeline;
        const { out, say } = context;
        const words = (...phrases: readonly Phrase[]) => phrases.map((phrase) => say(phrase));
        const why = (code: string) => {
          const phrase = wordsOfWhy(code);
          return phrase ? say(phrase) : oneLine(code);
        };
        out.result(timeline, () => [
          `${oneLine(broadcast.channelName)}  ${oneLine(broadcast.title ?? '')}  ${broadcast.state}  ${broadcast.id}`,
          say(texts.amounts, {
            length: formatDuration(broadcast.durationMs),
            size: formatBytes(broadcast.bytes),
            count: broadcast.segments,
            lost: Math.round(broadcast.lossMs),
          }),
          ...(segments.length < broadcast.segments ? [say(texts.deleted, { left: segments.length })] : []),
          ...out.table(
            words(texts.take, texts.node, texts.started, texts.ended, texts.why),
            takes.map((take) => [
              String(take.number),
              nameOf(take.nodeId),
              take.startedAt,
              take.endedAt ?? '',
              why(take.why ?? ''),
            ]),
          ),
          ...(gaps.length === 0
            ? []
            : out.table(
                words(texts.hole, texts.length, texts.why),
                gaps.map((gap) => [
                  new Date(gap.fromWall).toISOString(),
                  `${Math.round(gap.ms)} ms`,
                  why(gap.why),
                ]),
              )),
          ...(files.length === 0
            ? []
            : out.table(
                words(texts.file, texts.size, texts.id),
                files.map((file) => [file.name, formatBytes(file.size), file.id]),
              )),
        ]);
        return 0;
      },
    }),
    defineCommand({
      name: 'remove',
      summary: {
        en: 'Put the files of a broadcast into the trash, for a day',
        'zh-CN': '将场次文件移入回收站（保留一天）',
      },
      arguments: [broadcastArgument],
      input: z.object({ broadcast: z.uuid() }),
      async run(context, { broadcast: id }) {
        const api = new RecordingsApi(await context.api(), context.signal);
        await api.removeBroadcast(id);
        context.out.result({ id, removed: true }, () => context.say(texts.trashed, { id }));
        return 0;
      },
    }),
    defineCommand({
      name: 'restore',
      summary: {
        en: 'Take the files of a broadcast back out of the trash',
        'zh-CN': '从回收站恢复场次文件',
      },
      arguments: [broadcastArgument],
      examples: [
        {
          command: 'backlot recordings broadcasts list --state removed',
          description: { en: 'What lies in the trash', 'zh-CN': '查看回收站中的场次' },
        },
      ],
      input: z.object({ broadcast: z.uuid() }),
      async run(context, { broadcast: id }) {
        const api = new RecordingsApi(await context.api(), context.signal);
        const restored = await api.restoreBroadcast(id);
        context.out.result(restored, ({ channelName, bytes }) =>
          context.say(texts.restored, { id, channel: oneLine(channelName), size: formatBytes(bytes) }),
        );
        return 0;
      },
    }),
  ],
};
