import { type Channel, ChannelLive } from '../../../contract/channel.ts';
import type { NgliveRoom } from '../../../contract/compat/nglive.ts';
import type { SourceSpec } from '../../../contract/source.ts';

const pages = /^https?:\/\/live\.bilibili\.com\/(?:h5\/|blanc\/)?(\d{1,12})(?:[/?#]|$)/;

/** The page of a room, for a resolver. The number is a number: nothing of a stranger gets into the address. */
export function pageOfRoom(roomId: number): string {
  return `https://live.bilibili.com/${Math.trunc(roomId)}`;
}

/** The room that a channel is of; undefined where it is none of Bilibili's. */
export function roomOfSource(source: SourceSpec): number | undefined {
  if (source.kind === 'bililive') return source.roomId;
  if (source.kind !== 'resolver') return undefined;
  const [, digits] = pages.exec(source.url) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** What a recorder says of a room while it watches it. */
const Said = ChannelLive.extend({});

/** A channel as NGlive's clients see a room. Undefined: it is none. Pure. */
export function roomOf(channel: Channel): NgliveRoom | undefined {
  const roomId = roomOfSource(channel.settings.source);
  if (roomId === undefined) return undefined;
  const said = Said.safeParse(channel.live ?? {}).data ?? {};
  const text = (key: string): string => (typeof said[key] === 'string' ? said[key] : '');
  const number = (key: string): number => (typeof said[key] === 'number' ? said[key] : 0);
  const recording = channel.state === 'live';
  return {
    objectId: channel.id,
    roomId,
    shortId: number('shortId'),
    name: text('streamer') || channel.settings.name,
    title: channel.title ?? '',
    areaNameParent: text('areaParent'),
    areaNameChild: text('areaChild'),
    autoRecord: channel.enabled,
    recording,
    streaming: recording || said.live === true,
    danmakuConnected: false,
    stats: { duraionRatio: number('ratio'), totalRecordedBytes: number('bytes') },
    recordingStats: { durationRatio: number('ratio'), currentFileSize: number('bytes') },
  };
}
