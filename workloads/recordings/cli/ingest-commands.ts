import { type CommandContext, defineCommand, oneLine, UsageError } from '@backlot/cli/command';
import { z } from 'zod';
import type { Channel, IngestAddress } from '../contract/channel.ts';
import { findChannel } from './find-channel.ts';
import { RecordingsApi } from './recordings-api.ts';
import { texts } from './texts.ts';

const pushedChannel = {
  name: 'channel',
  description: { en: 'A channel that is pushed to, by name or id', 'zh-CN': '推流频道的名称或 ID' },
};

/** `backlot recordings channels ingest` */
export const ingestCommand = defineCommand({
  name: 'ingest',
  summary: { en: 'Show where a program pushes to, and its key', 'zh-CN': '查看推流地址与推流码' },
  description: {
    en: 'The server and the stream key, as OBS and others ask for them. Whoever has the key can publish. While no node takes what is pushed, it says why.',
    'zh-CN': 'OBS 等软件所需的服务器地址和推流码。持有推流码者均可推流。尚无节点接收推流时，会说明原因。',
  },
  arguments: [pushedChannel],
  examples: [
    {
      command: 'backlot recordings channels ingest studio',
      description: { en: 'For OBS: Settings, Stream, “Custom”', 'zh-CN': '用于 OBS：设置 → 直播 → 自定义' },
    },
  ],
  input: z.object({ channel: z.string() }),
  async run(context, { channel: named }) {
    const api = new RecordingsApi(await context.api(), context.signal);
    const channel = await findChannel(api, named);
    const ingest = await api.ingest(channel.id);
    const lines = await linesOf(context, channel, ingest);
    context.out.result({ id: channel.id, ...ingest }, () => lines);
    return 0;
  },
});

/** `backlot recordings channels rotate-key` */
export const rotateKeyCommand = defineCommand({
  name: 'rotate-key',
  summary: {
    en: 'Make a new key; whoever pushes with the old one is put out',
    'zh-CN': '更换推流码，使用旧推流码的推流会被断开',
  },
  arguments: [pushedChannel],
  options: [{ flags: '-y, --yes', description: { en: 'It is meant', 'zh-CN': '确认更换' } }],
  examples: [
    {
      command: 'backlot recordings channels rotate-key studio --yes',
      description: { en: 'The old key is void for good', 'zh-CN': '旧推流码永久失效' },
    },
  ],
  input: z.object({ channel: z.string(), yes: z.boolean().default(false) }),
  async run(context, { channel: named, yes }) {
    const api = new RecordingsApi(await context.api(), context.signal);
    const channel = await findChannel(api, named);
    const name = oneLine(channel.settings.name);
    // Of a channel that has no key at all the control plane says so, and asking first would say the wrong thing.
    if (!yes && channel.settings.source.kind === 'push')
      throw new UsageError(context.say(texts.rotateNeedsYes, { name }));
    const ingest = await api.rotateKey(channel.id);
    const lines = await linesOf(context, channel, ingest);
    context.out.result({ id: channel.id, ...ingest }, () => [context.say(texts.rotated, { name }), ...lines]);
    return 0;
  },
});

/** Server and key as a person copies them, or why there is no server. */
async function linesOf(
  context: CommandContext,
  { reason }: Channel,
  { server, key }: IngestAddress,
): Promise<readonly string[]> {
  const { say } = context;
  const keyLine = say(texts.key, { key });
  if (server !== null) return [say(texts.server, { server: oneLine(server) }), keyLine];
  const sentence = await context.reasons();
  return [
    say(texts.noTaker),
    ...(reason === null ? [] : [say(texts.noTakerWhy, { why: oneLine(sentence(reason)) })]),
    keyLine,
  ];
}
