import { figures } from '../model/figures.ts';
import type { RoomSession, SessionState } from '../model/room-session.ts';
import { findTrackIn, type TrackStats } from '../model/stats-model.ts';
import { useStats } from '../model/use-stats.ts';
import { type TextKey, useWords } from '../texts.ts';
import classes from './stats-panel.module.css';

/** Every track in numbers, once a second: what to look at before saying that "it lags". */
export function StatsPanel({
  session,
  state,
}: {
  readonly session: RoomSession;
  readonly state: SessionState;
}) {
  const { say } = useWords();
  const stats = useStats(session.room);
  if (stats.length === 0) return <p className={`dim ${classes.none}`}>{say('stats.none')}</p>;
  return (
    <ul className={classes.list}>
      {stats.map((one) => (
        <TrackFigures key={`${one.direction}${one.trackId}`} stats={one} state={state} />
      ))}
    </ul>
  );
}

function TrackFigures({ stats, state }: { readonly stats: TrackStats; readonly state: SessionState }) {
  const { say, language } = useWords();
  const format = figures(language);
  const found = findTrackIn(state.room, stats.trackId);
  const who = stats.direction === 'out' ? say('you') : (found?.name ?? '');
  const source = say((found?.source ?? 'other') as TextKey);
  const layers = found?.layers;
  const rows: readonly (readonly [label: string, value: string])[] = [
    ...(stats.kind === 'video'
      ? [
          [
            say('stats.picture'),
            `${stats.width ?? '–'}×${stats.height ?? '–'} · ${format.fps(stats.framesPerSecond)}`,
          ] as const,
          [
            say('stats.layer'),
            stats.direction === 'out'
              ? `${stats.activeEncodings ?? '–'} / ${stats.encodings ?? '–'}`
              : layers
                ? `S${layers.spatial}${layers.temporal === null ? '' : ` T${layers.temporal}`}`
                : '–',
          ] as const,
        ]
      : []),
    [say('stats.rate'), format.bitrate(stats.bitrate)],
    [say('stats.loss'), format.share(stats.loss)],
    [say('stats.jitter'), format.milliseconds(stats.jitterMs)],
    [say('stats.rtt'), format.milliseconds(stats.roundTripMs)],
  ];
  return (
    <li className={classes.track} data-track={stats.trackId} data-direction={stats.direction}>
      <h3>
        {who} · {source}
        <span className="dim">
          {stats.codec ?? ''}
          {stats.direction === 'out' ? ` · ${say('stats.sent')}` : ''}
        </span>
      </h3>
      <dl>
        {rows.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </li>
  );
}
