import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CliCommand,
  type CliGroup,
  defineCommand,
  findProject,
  type OptionSpec,
  oneLine,
} from '@backlot/cli/command';
import { said } from '@backlot/contract/flow/check/said';
import { z } from 'zod';
import type { IngestAddress } from '../contract/channel.ts';
import { bitrate } from './bitrate.ts';
import { findChannel } from './find-channel.ts';
import { ingestCommand, rotateKeyCommand } from './ingest-commands.ts';
import { RecordingsApi } from './recordings-api.ts';
import { texts } from './texts.ts';

const project: OptionSpec = {
  flags: '-p, --project <name>',
  description: { en: 'In this project', 'zh-CN': '所属项目' },
};
const channelArgument = {
  name: 'channel',
  description: { en: 'The channel, by name or id', 'zh-CN': '频道名称或 ID' },
};

const list = defineCommand({
  name: 'list',
  summary: { en: 'List channels and what they do now', 'zh-CN': '列出频道及其当前状态' },
  options: [project],
  examples: [
    { command: 'backlot recordings channels list', description: { en: 'All of them', 'zh-CN': '全部频道' } },
  ],
  input: z.object({ project: z.string().optional() }),
  async run(context, { project: named }) {
    const client = await context.api();
    const api = new RecordingsApi(client, context.signal);
    const projectId = named === undefined ? undefined : (await findProject(client, named, context.signal)).id;
    const found = [];
    for await (const channel of api.channels(projectId === undefined ? {} : { projectId }))
      found.push(channel);
    const say = await context.reasons();
    const { name, state: stateWord, bitrate: rate, lost, source, why, id: idWord } = texts;
    context.out.result(found, (channels) =>
      channels.length === 0
        ? context.say(texts.noChannels)
        : context.out.table(
            [name, stateWord, rate, lost, source, why, idWord].map((word) => context.say(word)),
            channels.map(({ settings, state, live, address, reason, id }) => [
              settings.name,
              state,
              state === 'live' ? bitrate(live?.bitrate) : '',
              state === 'live' ? `${live?.lossMs ?? 0} ms` : '',
              address,
              reason === null ? '' : say(reason),
              id,
            ]),
          ),
    );
    return 0;
  },
});

const add = defineCommand({
  name: 'add',
  summary: { en: 'Add a channel; a node watches it from then on', 'zh-CN': '添加频道，节点随即开始监视' },
  description: {
    en: 'The kind of source is read from the address (…m3u8 is HLS, …flv HTTP-FLV, other pages go through streamlink). With --push it is published to us by RTMP.',
    'zh-CN':
      '源类型由地址判断（m3u8 为 HLS，flv 为 HTTP-FLV，其他网页经 streamlink 解析）。使用 --push 时通过 RTMP 推流。',
  },
  arguments: [
    { name: 'name', description: { en: 'What it is called', 'zh-CN': '频道名称' } },
    { name: 'url', description: { en: 'Address of the source', 'zh-CN': '源地址' }, optional: true },
  ],
  options: [
    project,
    { flags: '--push', description: { en: 'Published to us by RTMP', 'zh-CN': '通过 RTMP 推流' } },
    {
      flags: '--flow <id>',
      description: { en: 'The flow that follows a broadcast', 'zh-CN': '直播结束后执行的流程' },
    },
    {
      flags: '--cut-minutes <n>',
      description: { en: 'A new part after so many minutes', 'zh-CN': '每隔若干分钟分段' },
    },
    { flags: '--off', description: { en: 'Do not watch it yet', 'zh-CN': '暂不监视' } },
  ],
  examples: [
    {
      command: 'backlot recordings channels add radio https://origin.example/live/radio.flv',
      description: { en: 'Pulled by HTTP-FLV', 'zh-CN': 'HTTP-FLV 拉流' },
    },
    {
      command: 'backlot recordings channels add studio --push',
      description: { en: 'Prints where to publish to', 'zh-CN': '输出推流地址' },
    },
  ],
  input: z
    .object({
      name: z.string(),
      url: z.string().optional(),
      project: z.string().optional(),
      push: z.boolean().default(false),
      flow: z.uuid().optional(),
      cutMinutes: z.coerce.number().positive().max(10_080).optional(),
      off: z.boolean().default(false),
    })
    .refine(({ url, push }) => (url === undefined) === push, {
      message: said({
        en: 'Give either an address or --push.',
        'zh-CN': '请填写地址或使用 --push，二者选一。',
      }),
      path: ['url'],
    }),
  async run(context, input) {
    const client = await context.api();
    const api = new RecordingsApi(client, context.signal);
    const { id: projectId } = await findProject(client, input.project, context.signal);
    const channel = await api.add({
      projectId,
      name: input.name,
      source: input.push ? { kind: 'push' } : { kind: 'auto', url: input.url },
      enabled: !input.off,
      ...(input.flow === undefined ? {} : { flow: { flowId: input.flow } }),
      ...(input.cutMinutes === undefined ? {} : { cut: { everyMs: Math.round(input.cutMinutes * 60_000) } }),
    });
    // One that is off is taken by no node: there is nothing to wait for.
    const waitMs = input.off ? 0 : ingestWaitMs;
    const ingest = input.push ? await whereToPublish(api, channel.id, waitMs, context.signal) : undefined;
    context.out.result({ ...channel, ...(ingest ? { ingest } : {}) }, () => [
      `${oneLine(channel.settings.name)}  ${channel.id}`,
      ...(ingest
        ? [
            context.say(texts.key, { key: ingest.key }),
            ingest.server === null
              ? context.say(texts.noServer)
              : context.say(texts.server, { server: ingest.server }),
          ]
        : []),
    ]);
    return 0;
  },
});

function act(
  word: 'start' | 'stop' | 'split' | 'end-broadcast',
  summary: { readonly en: string; readonly 'zh-CN': string },
): CliCommand {
  return defineCommand({
    name: word,
    summary,
    arguments: [channelArgument],
    input: z.object({ channel: z.string() }),
    async run(context, { channel: named }) {
      const api = new RecordingsApi(await context.api(), context.signal);
      const channel = await findChannel(api, named);
      await api.act(channel.id, word);
      context.out.result({ id: channel.id, done: word }, () =>
        context.say(texts[word], { name: oneLine(channel.settings.name) }),
      );
      return 0;
    },
  });
}

const remove = defineCommand({
  name: 'remove',
  summary: { en: 'Take a channel out; what it has recorded stays', 'zh-CN': '移除频道，已录内容保留' },
  arguments: [channelArgument],
  input: z.object({ channel: z.string() }),
  async run(context, { channel: named }) {
    const api = new RecordingsApi(await context.api(), context.signal);
    const channel = await findChannel(api, named);
    await api.remove(channel.id);
    context.out.result({ id: channel.id, removed: true }, () =>
      context.say(texts.removed, { name: oneLine(channel.settings.name) }),
    );
    return 0;
  },
});

/** A node takes a new channel within a second or two, and only then there is an address. It is not waited for longer than this. */
const ingestWaitMs = 15_000;

async function whereToPublish(
  api: RecordingsApi,
  id: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<IngestAddress> {
  const until = performance.now() + waitMs;
  for (;;) {
    const ingest = await api.ingest(id);
    if (ingest.server !== null || performance.now() >= until) return ingest;
    await sleep(500, undefined, { signal });
  }
}

/** `backlot recordings channels …` */
export const channelsGroup: CliGroup = {
  name: 'channels',
  summary: { en: 'Live sources that are watched', 'zh-CN': '被监视的直播源' },
  commands: [
    list,
    add,
    remove,
    ingestCommand,
    rotateKeyCommand,
    act('start', { en: 'Watch the source from now on', 'zh-CN': '开始监视' }),
    act('stop', {
      en: 'Stop; a broadcast that runs ends cleanly',
      'zh-CN': '停止，正在录制的直播会正常收尾',
    }),
    act('split', { en: 'Begin a new part at the next keyframe', 'zh-CN': '在下一个关键帧处分段' }),
    act('end-broadcast', { en: 'End the broadcast now', 'zh-CN': '立即结束本场直播' }),
  ],
};
