import { useFormat, useTexts } from '@backlot/console/workload';
import type { ChannelLive } from '../../contract/channel.ts';
import { recordingTexts } from '../texts.ts';
import classes from './figures.module.css';

/** Bits per second as people in the field say them: "6.2 Mbit/s". */
export function useBitrate(): (bits: number | null | undefined) => string {
  const format = useFormat();
  return (bits) => {
    if (bits === null || bits === undefined || !Number.isFinite(bits)) return '–';
    return bits >= 1e6
      ? `${format.number(bits / 1e6, 1)} Mbit/s`
      : `${format.number(Math.round(bits / 1e3))} kbit/s`;
  };
}

/** Media seconds per second: healthy about 1. */
export function Ratio({ live }: { readonly live: ChannelLive | null }) {
  const say = useTexts(recordingTexts);
  const format = useFormat();
  const ratio = live?.ratio;
  if (ratio === undefined) return <span className="dim">–</span>;
  return (
    <span className={classes.figure} data-bad={ratio < 0.9 || undefined} title={say('ratio.hint')}>
      {format.number(ratio, 2)}×
    </span>
  );
}

/** Media that is missing: to the millisecond, because "about none" is what nobody wants to hear. */
export function Loss({ ms }: { readonly ms: number | undefined }) {
  const format = useFormat();
  if (ms === undefined) return <span className="dim">–</span>;
  return (
    <span className={classes.figure} data-bad={ms > 0 || undefined}>
      {format.duration(ms)}
    </span>
  );
}
