import { LoadCurve, QueryView, Section, useFormat, useSearch, useTexts } from '@backlot/console/workload';
import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { SessionDetail, StatsAnswer } from '../../contract/api.ts';
import { statsQuery } from '../queries.ts';
import { streamTexts } from '../texts.ts';
import { curvesOf } from './curves.ts';
import classes from './session-page.module.css';

/** How the stream arrives at one of its players: bitrate, round trip, frames and loss over the session. */
export function Arrival({ session }: { readonly session: SessionDetail }) {
  const say = useTexts(streamTexts);
  const [chosen, setChosen] = useSearch('player');
  const stats = useQuery(statsQuery(session.id, session.endedAt === null));
  const players = stats.data?.players.filter((one) => one.points.length > 0) ?? [];
  const shown = players.find((one) => one.playerId === (chosen ?? session.controller)) ?? players[0];
  const nameOf = (id: string) =>
    session.players.find((one) => one.id === id)?.subject || say('session.player', { id });
  return (
    <Section
      title={say('session.arrival')}
      actions={
        players.length > 1 && (
          <Select
            aria-label={say('session.arrival.of')}
            allowDeselect={false}
            value={shown?.playerId ?? null}
            data={players.map((one) => ({ value: one.playerId, label: nameOf(one.playerId) }))}
            onChange={(value) => setChosen(value ?? undefined)}
          />
        )
      }
    >
      <QueryView query={stats} rows={5}>
        {() =>
          shown ? <Curves points={shown.points} /> : <p className="dim">{say('session.arrival.none')}</p>
        }
      </QueryView>
    </Section>
  );
}

function Curves({ points }: { readonly points: StatsAnswer['players'][number]['points'] }) {
  const say = useTexts(streamTexts);
  const format = useFormat();
  const { times, values } = useMemo(() => curvesOf(points), [points]);
  const relayed = points.at(-1)?.relayed;
  return (
    <>
      {relayed !== null && relayed !== undefined && (
        <p className="dim">{say(relayed ? 'stat.relayed' : 'stat.direct')}</p>
      )}
      <div className={classes.curves}>
        <LoadCurve
          title={say('stat.bitrate')}
          times={times}
          series={[{ label: say('stat.bitrate'), values: values.bitrateBps }]}
          unit={(value) => (value === null ? '–' : `${format.number(value / 1_000_000, 1)} Mbit/s`)}
        />
        <LoadCurve
          title={say('stat.fps')}
          times={times}
          series={[{ label: say('stat.fps'), values: values.fps }]}
          unit={(value) => (value === null ? '–' : `${format.number(value, 0)} fps`)}
        />
        <LoadCurve
          title={say('stat.rtt')}
          times={times}
          series={[{ label: say('stat.rtt'), values: values.rttMs }]}
          unit={(value) => (value === null ? '–' : `${format.number(value, 1)} ms`)}
        />
        <LoadCurve
          title={say('stat.loss')}
          times={times}
          series={[{ label: say('stat.loss'), values: values.lostFraction }]}
          unit={(value) => (value === null ? '–' : `${format.number(value * 100, 1)} %`)}
        />
      </div>
    </>
  );
}
