import { Ago, type Column, DataTable, Until, useGoTo, useReason, useTexts } from '@backlot/console/workload';
import { type ReactNode, useMemo } from 'react';
import type { Channel } from '../../contract/channel.ts';
import { Loss, Ratio, useBitrate } from '../shared/figures.tsx';
import { ChannelBadge } from '../shared/states.tsx';
import { recordingTexts } from '../texts.ts';

interface ChannelTableProps {
  readonly channels: readonly Channel[];
  readonly onEnd: () => void;
  readonly empty: ReactNode;
}

/** Channels as rows: for two hundred of them. */
export function ChannelTable({ channels, onEnd, empty }: ChannelTableProps) {
  const say = useTexts(recordingTexts);
  const goTo = useGoTo();
  const columns = useChannelColumns();
  return (
    <DataTable
      fill
      label={say('title')}
      columns={columns}
      rows={channels}
      rowKey={(channel) => channel.id}
      onOpen={(channel) => goTo(`/recordings/channels/${channel.id}`)}
      onEnd={onEnd}
      empty={empty}
    />
  );
}

function useChannelColumns(): readonly Column<Channel>[] {
  const say = useTexts(recordingTexts);
  const bitrate = useBitrate();
  const sentence = useReason();
  return useMemo(
    () => [
      {
        key: 'name',
        header: say('col.channel'),
        width: 'minmax(150px, 1.5fr)',
        phone: 'title',
        cell: ({ settings }) => settings.name,
      },
      {
        key: 'state',
        header: say('col.state'),
        width: '120px',
        phone: 'end',
        cell: (channel) => <ChannelBadge channel={channel} />,
      },
      {
        key: 'words',
        header: say('col.source'),
        width: 'minmax(160px, 2.4fr)',
        phone: 'meta',
        cell: (channel) => (
          <span className="dim">
            {channel.state === 'live'
              ? (channel.title ?? channel.address)
              : channel.reason
                ? sentence(channel.reason)
                : channel.address}
          </span>
        ),
      },
      {
        key: 'bitrate',
        header: say('col.bitrate'),
        width: '100px',
        align: 'end',
        phone: 'meta',
        cell: ({ live, state }) => (state === 'live' ? bitrate(live?.bitrate) : ''),
      },
      {
        key: 'ratio',
        header: say('col.ratio'),
        width: '100px',
        align: 'end',
        cell: ({ live, state }) => (state === 'live' ? <Ratio live={live} /> : null),
      },
      {
        key: 'loss',
        header: say('col.loss'),
        width: '90px',
        align: 'end',
        cell: ({ live, state }) => (state === 'live' ? <Loss ms={live?.lossMs} /> : null),
      },
      {
        key: 'next',
        header: say('col.next'),
        width: '110px',
        align: 'end',
        cell: ({ nextAt }) => (nextAt === null ? null : <Until at={nextAt} />),
      },
      {
        key: 'last',
        header: say('col.last'),
        width: '110px',
        align: 'end',
        cell: ({ lastLiveAt }) => (lastLiveAt === null ? null : <Ago at={lastLiveAt} />),
      },
    ],
    [say, bitrate, sentence],
  );
}
