import {
  Bytes,
  type Column,
  DataTable,
  EmptyState,
  ListView,
  useFormat,
  useGoTo,
  useList,
  useTexts,
} from '@backlot/console/workload';
import { IconVideo } from '@tabler/icons-react';
import { useMemo } from 'react';
import type { Broadcast } from '../../contract/broadcast.ts';
import { broadcastsQuery } from '../queries.ts';
import { copyOf } from '../shared/shown-state.ts';
import { BroadcastBadge } from '../shared/states.tsx';
import { broadcastTexts, recordingTexts } from '../texts.ts';

interface BroadcastTableProps {
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly withChannel: boolean;
  /** Without it the table takes the height that there is. */
  readonly maxHeight?: number;
}

/** What was recorded, newest first. */
export function BroadcastTable({ query, withChannel, maxHeight }: BroadcastTableProps) {
  const say = useTexts(broadcastTexts);
  const goTo = useGoTo();
  const list = useList(broadcastsQuery(query));
  const columns = useBroadcastColumns(withChannel);
  // On a channel's own page its channel is no filter.
  const ofChannel = withChannel && query.channelId !== undefined;
  const filtered =
    ofChannel || query.state !== undefined || query.text !== undefined || query.from !== undefined;
  return (
    <ListView list={list}>
      {(broadcasts) => (
        <DataTable
          {...(maxHeight === undefined ? { fill: true } : { maxHeight })}
          label={say('title')}
          columns={columns}
          rows={broadcasts}
          rowKey={(broadcast) => broadcast.id}
          onOpen={(broadcast) => goTo(`/recordings/broadcasts/${broadcast.id}`)}
          onEnd={list.more}
          empty={
            <EmptyState
              icon={<IconVideo size={28} stroke={1.4} />}
              title={say(filtered ? 'empty.filtered' : 'empty.title')}
            >
              {!filtered && say('empty.text')}
            </EmptyState>
          }
        />
      )}
    </ListView>
  );
}

function useBroadcastColumns(withChannel: boolean): readonly Column<Broadcast>[] {
  const say = useTexts(broadcastTexts);
  const words = useTexts(recordingTexts);
  const format = useFormat();
  return useMemo(() => {
    const channel: Column<Broadcast> = {
      key: 'channel',
      header: words('col.channel'),
      width: 'minmax(120px, 1fr)',
      phone: 'meta',
      cell: (broadcast) => broadcast.channelName,
    };
    return [
      {
        key: 'title',
        header: say('col.title'),
        width: 'minmax(160px, 2fr)',
        phone: 'title',
        cell: ({ title }) => title ?? <span className="dim">{say('untitled')}</span>,
      },
      ...(withChannel ? [channel] : []),
      {
        key: 'state',
        header: words('col.state'),
        width: '130px',
        phone: 'end',
        cell: (broadcast) => <BroadcastBadge broadcast={broadcast} />,
      },
      {
        key: 'began',
        header: say('col.began'),
        width: '160px',
        phone: 'meta',
        cell: ({ startedAt }) => format.moment(startedAt),
      },
      {
        key: 'length',
        header: say('col.length'),
        width: '110px',
        align: 'end',
        cell: ({ durationMs }) => format.duration(durationMs),
      },
      {
        key: 'loss',
        header: say('col.loss'),
        width: '100px',
        align: 'end',
        cell: ({ lossMs }) =>
          lossMs === 0 ? <span className="dim">{say('loss.none')}</span> : format.duration(lossMs),
      },
      {
        key: 'size',
        header: say('col.size'),
        width: '90px',
        align: 'end',
        cell: ({ bytes }) => <Bytes value={bytes} />,
      },
      {
        key: 'copy',
        header: say('col.copy'),
        width: '90px',
        cell: (broadcast) => (
          <span className={broadcast.verified ? undefined : 'dim'}>{say(copyOf(broadcast))}</span>
        ),
      },
    ];
  }, [say, words, format, withChannel]);
}
