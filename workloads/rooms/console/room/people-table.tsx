import {
  Ago,
  type Column,
  DataTable,
  StateBadge,
  type Tone,
  useFormat,
  useTexts,
} from '@backlot/console/workload';
import { type ReactNode, useMemo } from 'react';
import type { Participant } from '../../contract/room.ts';
import { Spark } from '../parts/spark.tsx';
import { roomTexts } from '../texts.ts';
import { toneOfScore } from './media-view.ts';
import { historyLength, type RoomMedia } from './use-media.ts';

interface PeopleTableProps {
  readonly people: readonly Participant[];
  readonly media: RoomMedia;
  readonly selected: string | undefined;
  readonly onOpen: (person: Participant) => void;
  readonly empty: ReactNode;
}

const tones: Readonly<Record<Participant['state'], Tone>> = {
  connected: 'running',
  away: 'waiting',
  lobby: 'waiting',
  api: 'idle',
};

/** Everybody in a room, with what they send, how well, and which worker carries it. */
export function PeopleTable({ people, media, selected, onOpen, empty }: PeopleTableProps) {
  const say = useTexts(roomTexts);
  const format = useFormat();
  const columns = useMemo<readonly Column<Participant>[]>(() => {
    const score = (identity: string, which: 'sent' | 'received') => {
      const values = media.history.get(identity)?.[which] ?? [];
      const newest = values.at(-1) ?? null;
      return newest === null && values.every((value) => value === null) ? (
        <span className="dim">–</span>
      ) : (
        <Spark
          values={values}
          max={10}
          length={historyLength}
          text={newest === null ? '–' : format.number(newest, 1)}
          tone={toneOfScore(newest)}
        />
      );
    };
    return [
      {
        key: 'who',
        header: say('col.who'),
        width: 'minmax(140px, 1.4fr)',
        phone: 'title',
        cell: (one) => one.name || one.identity,
      },
      {
        key: 'state',
        header: say('col.state'),
        width: '130px',
        phone: 'end',
        cell: (one) => (
          <StateBadge state={one.state} tone={tones[one.state]} label={say(`person.${one.state}`)} />
        ),
      },
      {
        key: 'sent',
        header: say('col.score'),
        width: '120px',
        phone: 'hide',
        cell: (one) => score(one.identity, 'sent'),
      },
      {
        key: 'received',
        header: say('col.scoreIn'),
        width: '120px',
        phone: 'hide',
        cell: (one) => score(one.identity, 'received'),
      },
      {
        key: 'sends',
        header: say('col.sends'),
        width: 'minmax(140px, 1.6fr)',
        phone: 'meta',
        cell: (one) =>
          one.tracks.length === 0 ? (
            <span className="dim">{say('sends.nothing')}</span>
          ) : (
            one.tracks
              .map((track) => {
                const how = track.muted
                  ? say('track.muted')
                  : track.paused
                    ? say('track.paused')
                    : track.codec;
                return `${say(`source.${track.source}`)} (${how})`;
              })
              .join(', ')
          ),
      },
      {
        key: 'receives',
        header: say('col.receives'),
        width: '86px',
        phone: 'hide',
        cell: (one) => say('receives.count', { count: media.people.get(one.identity)?.receives ?? 0 }),
      },
      {
        key: 'role',
        header: say('col.role'),
        width: '96px',
        phone: 'hide',
        cell: (one) => say(`role.${one.role}`),
      },
      {
        key: 'worker',
        header: say('col.worker'),
        width: '70px',
        align: 'end',
        phone: 'hide',
        cell: (one) => media.people.get(one.identity)?.workers.join(', ') || '–',
      },
      {
        key: 'since',
        header: say('col.since'),
        width: '100px',
        align: 'end',
        phone: 'meta',
        cell: (one) => <Ago at={one.joinedAt} />,
      },
    ];
  }, [say, format, media]);
  return (
    <DataTable
      label={say('room.people')}
      columns={columns}
      rows={people}
      rowKey={(one) => one.identity}
      selected={selected}
      onOpen={onOpen}
      empty={empty}
      maxHeight={420}
    />
  );
}
