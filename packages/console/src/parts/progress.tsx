import { useFormat } from '../format/index.ts';
import { defineTexts, useTexts } from '../i18n/texts.ts';
import classes from './progress.module.css';
import type { Tone } from './state-tone.ts';

export const progressTexts = defineTexts('parts-progress', {
  eta: { en: '{{time}} left', 'zh-CN': '剩余 {{time}}' },
  band: { en: '({{low}} to {{high}})', 'zh-CN': '（{{low}} 至 {{high}}）' },
  measuring: { en: 'time left: measuring', 'zh-CN': '剩余时间：测量中' },
});

interface ProgressProps {
  /** 0..1, or null when nobody can say: then the bar only says that something goes on. */
  readonly fraction: number | null;
  readonly tone?: Tone;
  readonly label: string;
  /** Whether the share is written beside the bar. */
  readonly withText?: boolean;
}

/** How far something is. It moves without animation of its own: live values must not lag behind. */
export function Progress({ fraction, tone = 'running', label, withText = false }: ProgressProps) {
  const format = useFormat();
  const share = fraction === null ? null : Math.min(1, Math.max(0, fraction));
  return (
    <span className={classes.progress}>
      <span
        className={classes.track}
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        {...(share === null ? {} : { 'aria-valuenow': Math.round(share * 100) })}
      >
        <span
          className={classes.fill}
          data-unknown={share === null || undefined}
          style={{ background: `var(--state-${tone})`, transform: `scaleX(${share ?? 1})` }}
        />
      </span>
      {withText && <span className={classes.text}>{format.percent(share)}</span>}
    </span>
  );
}

interface EtaProps {
  readonly etaMs: number | null;
  readonly lowMs: number | null;
  readonly highMs: number | null;
}

/** Time left, with the band in which it will be; "measuring" until there is something to say it from. */
export function Eta({ etaMs, lowMs, highMs }: EtaProps) {
  const say = useTexts(progressTexts);
  const format = useFormat();
  if (etaMs === null) return <span className="dim">{say('measuring')}</span>;
  // A band narrower than a tenth says nothing more than the number itself.
  const wide = lowMs !== null && highMs !== null && highMs - lowMs > etaMs * 0.1;
  return (
    <span className="nowrap">
      {say('eta', { time: format.duration(etaMs) })}
      {wide && (
        <span className="dim">
          {' '}
          {say('band', { low: format.duration(lowMs), high: format.duration(highMs) })}
        </span>
      )}
    </span>
  );
}
