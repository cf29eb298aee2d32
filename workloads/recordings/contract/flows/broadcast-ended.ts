import {
  type FileValue,
  type Fired,
  FlowDuration,
  fieldWords,
  Id,
  type TriggerFacts,
} from '@backlot/contract';
import { z } from 'zod';

export const BroadcastEndedTrigger = z.object({
  channels: z
    .array(Id)
    .max(1_000)
    .default([])
    .meta(
      fieldWords('Channels', '频道', {
        order: 1,
        pick: 'channel',
        hint: {
          en: 'None: every channel of the project that has no flow of its own.',
          'zh-CN': '不选：项目中所有没有指定流程的频道。',
        },
      }),
    ),
  /** Shorter ones begin nothing. */
  leastDuration: FlowDuration.default('0s').meta(
    fieldWords('Shortest broadcast', '最短时长', {
      order: 2,
      pick: 'duration',
      hint: { en: 'Shorter ones begin nothing.', 'zh-CN': '更短的直播不触发流程。' },
    }),
  ),
});
export type BroadcastEndedTrigger = z.infer<typeof BroadcastEndedTrigger>;

/** A channel's broadcast is over: what flows get of it. The same object wherever flows are checked. */
export const broadcastEndedFacts: TriggerFacts<BroadcastEndedTrigger> = {
  kind: 'recordings.broadcast-ended',
  title: { en: 'A broadcast has ended', 'zh-CN': '直播结束' },
  summary: {
    en: 'A channel was live and is over: after ten minutes of silence, at its end, or when somebody stopped it.',
    'zh-CN': '频道的一场直播已结束：连续十分钟没有数据、源声明结束或被手动停止。',
  },
  icon: 'broadcast',
  parameters: BroadcastEndedTrigger,
  outputs: {
    segments: { type: 'files', title: { en: 'Segments', 'zh-CN': '片段' } },
    chat: { type: 'files', required: false, title: { en: 'Chat', 'zh-CN': '弹幕' } },
    broadcast: { type: 'data', title: { en: 'Facts', 'zh-CN': '信息' } },
  },
  data: [
    'title',
    'channel',
    'channelId',
    'broadcast',
    'startedAt',
    'endedAt',
    'durationMs',
    'lossMs',
    'bytes',
    'takes',
    'why',
  ],
};

/** What is known of a broadcast when it ends, on a node and on the control plane alike. Walls are milliseconds since 1970. */
export interface EndedBroadcast {
  /** The id that the node made: by it a node that was alone and the control plane agree who runs the flow. */
  readonly sighting: string;
  readonly channelId: string;
  readonly channel: string;
  readonly title: string;
  readonly startedWall: number;
  readonly endedWall: number;
  readonly lossMs: number;
  readonly bytes: number;
  readonly takes: number;
  readonly why: string;
  readonly segments: readonly FileValue[];
  /** Files of `CHAT_KIND` beside the segments, in any order. */
  readonly chat: readonly FileValue[];
}

/**
 * The occasion that flows see. Pure, and used on both sides: the key names the node's broadcast, so that a run that a node
 * began while it was cut off is not begun again. The title is data of a stranger: it is passed on as it is, and whoever
 * makes a path, a template or a message of it cleans it there.
 */
export function firedByBroadcast(ended: EndedBroadcast): Pick<Fired, 'key' | 'ports' | 'data'> {
  const { sighting, channel, channelId, title, lossMs, bytes, takes, why } = ended;
  const data = {
    broadcast: sighting,
    channel,
    channelId,
    title,
    startedAt: new Date(ended.startedWall).toISOString(),
    endedAt: new Date(ended.endedWall).toISOString(),
    durationMs: Math.max(0, Math.round(ended.endedWall - ended.startedWall)),
    lossMs: Math.round(lossMs),
    bytes,
    takes,
    why,
  };
  return {
    key: `broadcast:${sighting}`,
    ports: {
      segments: { type: 'files', files: [...ended.segments] },
      // Only where there is some, so that a step that can use it need not tell none from no file at all.
      ...(ended.chat.length === 0
        ? {}
        : { chat: { type: 'files', files: ended.chat.toSorted(byRecording) } }),
      broadcast: { type: 'data', data },
    },
    data,
  };
}

/** In the order in which their recordings began: a node and the control plane come to the same one. */
function byRecording(one: FileValue, other: FileValue): number {
  const place = ({ meta }: FileValue) => [String(meta.take), String(meta.number).padStart(9, '0')].join(' ');
  return place(one).localeCompare(place(other), 'en') || one.digest.localeCompare(other.digest, 'en');
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Whether a flow waits for this broadcast. Pure. */
export function matchesBroadcast(
  { channels, leastDuration }: BroadcastEndedTrigger,
  { data }: Pick<Fired, 'data'>,
): boolean {
  const { channelId, durationMs } = data as { channelId?: unknown; durationMs?: unknown };
  if (channels.length > 0 && !channels.includes(String(channelId))) return false;
  const [, digits = '0', unit = 'ms'] = /^(\d+)(ms|s|m|h|d)$/.exec(leastDuration) ?? [];
  return typeof durationMs === 'number' && durationMs >= Number(digits) * (unitMs[unit] ?? 1);
}
