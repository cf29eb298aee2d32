import classes from './meter.module.css';

interface MeterProps {
  readonly label: string;
  /** 0..1, or null when it is not known. */
  readonly value: number | null;
  /** The value in words, with its unit. */
  readonly text: string;
  readonly title?: string;
  /** Being full is trouble (a disk), and not merely being busy (a processor). */
  readonly alarming?: boolean;
}

/** How full something is right now; what alarms turns to the waiting colour at 85 % and to the failed one at 95 %. */
export function Meter({ label, value, text, title, alarming = false }: MeterProps) {
  const share = value === null ? 0 : Math.min(1, Math.max(0, value));
  const level = !alarming ? 'normal' : share >= 0.95 ? 'full' : share >= 0.85 ? 'high' : 'normal';
  return (
    <div className={classes.meter} title={title}>
      <span className={classes.label}>{label}</span>
      {/* biome-ignore lint/a11y/useSemanticElements: <meter> can't be drawn in our colours in every browser */}
      <span
        className={classes.track}
        role="meter"
        aria-label={label}
        aria-valuenow={Math.round(share * 100)}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuetext={text}
      >
        <span className={classes.fill} data-level={level} style={{ transform: `scaleX(${share})` }} />
      </span>
      <span className={classes.text}>{text}</span>
    </div>
  );
}
