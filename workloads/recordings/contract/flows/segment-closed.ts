import { type FileValue, type Fired, fieldWords, Id, type TriggerFacts } from '@backlot/contract';
import { z } from 'zod';

export const SegmentClosedTrigger = z.object({
  channels: z
    .array(Id)
    .max(1_000)
    .default([])
    .meta(
      fieldWords('Channels', '频道', {
        order: 1,
        pick: 'channel',
        hint: { en: 'None: every channel of the project.', 'zh-CN': '不选：项目中的所有频道。' },
      }),
    ),
});
export type SegmentClosedTrigger = z.infer<typeof SegmentClosedTrigger>;

/** Each segment as soon as it is whole: for copies that leave while the broadcast goes on. */
export const segmentClosedFacts: TriggerFacts<SegmentClosedTrigger> = {
  kind: 'recordings.segment-closed',
  title: { en: 'A segment is finished', 'zh-CN': '片段完成' },
  summary: {
    en: 'Runs for each segment (usually ten seconds) while a channel is live. For copies that must leave at once.',
    'zh-CN': '直播期间每完成一个片段（通常十秒）运行一次，适合需要立即上传副本的场合。',
  },
  icon: 'movie',
  parameters: SegmentClosedTrigger,
  outputs: { segment: { type: 'file', title: { en: 'Segment', 'zh-CN': '片段' } } },
  data: ['channel', 'channelId', 'broadcast', 'title', 'number', 'part', 'firstWall', 'lastWall'],
};

export interface ClosedSegment {
  readonly channelId: string;
  readonly channel: string;
  readonly segment: FileValue & { readonly artifactId: string };
}

/** Pure: the segment's artifact names the occasion. */
export function firedBySegment({
  channelId,
  channel,
  segment,
}: ClosedSegment): Pick<Fired, 'key' | 'ports' | 'data'> {
  const { broadcast, title, number, part, firstWall, lastWall } = segment.meta;
  return {
    key: `segment:${segment.artifactId}`,
    ports: { segment: { type: 'file', file: segment } },
    data: { channel, channelId, broadcast, title: title ?? '', number, part, firstWall, lastWall },
  };
}
