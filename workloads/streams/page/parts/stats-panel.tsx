import type { StreamStats } from '@backlot/sdk/streams';
import { IconX } from '@tabler/icons-react';
import type { PlayerState } from '../model/player-state.ts';
import { useWords } from '../texts.ts';
import { IconButton } from './button.tsx';
import classes from './stats-panel.module.css';

/** How the stream arrives, of the last minute: for whoever wonders why it stutters, and for whoever is asked. */
export function StatsPanel({
  state,
  onClose,
}: {
  readonly state: PlayerState;
  readonly onClose: () => void;
}) {
  const { say } = useWords();
  const last = state.stats.at(-1);
  const rows: readonly (readonly [label: string, value: string, curve?: readonly (number | null)[]])[] = [
    [say('stat.bitrate'), bitrate(last?.bitrateBps ?? null), of(state.stats, 'bitrateBps')],
    [say('stat.fps'), unit(last?.fps ?? null, 'fps', 0), of(state.stats, 'fps')],
    [say('stat.rtt'), unit(last?.rttMs ?? null, 'ms', 0), of(state.stats, 'rttMs')],
    [say('stat.loss'), percent(last?.lostFraction ?? null), of(state.stats, 'lostFraction')],
    [say('stat.jitter'), unit(last?.jitterMs ?? null, 'ms', 1)],
    [say('stat.size'), last?.width && last.height ? `${last.width} × ${last.height}` : '–'],
    [say('stat.dropped'), last?.framesDropped == null ? '–' : String(last.framesDropped)],
    [say('stat.path'), last?.relayed == null ? '–' : say(last.relayed ? 'stat.relayed' : 'stat.direct')],
    [say('stat.session'), state.sessionId ?? '–'],
  ];
  return (
    <section className={classes.panel} aria-label={say('stats.show')}>
      <header className={classes.header}>
        <h2>{say('stats.show')}</h2>
        <IconButton label={say('close')} icon={<IconX size={16} aria-hidden="true" />} onClick={onClose} />
      </header>
      <dl className={classes.rows}>
        {rows.map(([label, value, curve]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
            {curve && <Curve values={curve} />}
          </div>
        ))}
      </dl>
    </section>
  );
}

/** A minute as a line; a gap where nothing was known. */
function Curve({ values }: { readonly values: readonly (number | null)[] }) {
  const known = values.filter((value) => value !== null);
  const top = Math.max(...known, Number.MIN_VALUE);
  let path = '';
  let before = false;
  for (const [at, value] of values.entries()) {
    if (value !== null) {
      const x = (60 - values.length + at) * (72 / 59);
      path += `${before ? 'L' : 'M'}${x.toFixed(1)} ${(17 - (value / top) * 15).toFixed(1)}`;
    }
    before = value !== null;
  }
  return (
    <svg className={classes.curve} viewBox="0 0 72 18" preserveAspectRatio="none" aria-hidden="true">
      <path d={path} fill="none" stroke="currentColor" strokeWidth="1.3" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}

function of(stats: readonly StreamStats[], name: 'bitrateBps' | 'fps' | 'rttMs' | 'lostFraction') {
  return stats.map((one) => one[name]);
}

function bitrate(bps: number | null): string {
  if (bps === null) return '–';
  return bps >= 1_000_000 ? `${(bps / 1_000_000).toFixed(1)} Mbit/s` : `${Math.round(bps / 1000)} kbit/s`;
}

function unit(value: number | null, name: string, digits: number): string {
  return value === null ? '–' : `${value.toFixed(digits)} ${name}`;
}

function percent(value: number | null): string {
  return value === null ? '–' : `${(value * 100).toFixed(1)} %`;
}
