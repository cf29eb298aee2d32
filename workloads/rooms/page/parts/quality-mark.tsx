import type { Quality } from '@backlot/sdk/rooms';
import type { TextKey } from '../texts.ts';
import { useWords } from '../texts.ts';
import classes from './quality-mark.module.css';

const bars: Record<Exclude<Quality, 'unknown'>, number> = { good: 3, fair: 2, poor: 1 };

/** How well somebody's sound and picture come through. Nothing while it is not known. */
export function QualityMark({
  quality,
  on = 'picture',
}: {
  readonly quality: Quality;
  readonly on?: 'picture' | 'surface';
}) {
  const { say } = useWords();
  if (quality === 'unknown') return null;
  const name = say(`quality.${quality}` as TextKey);
  return (
    <span
      className={classes.mark}
      data-quality={quality}
      data-on={on}
      role="img"
      aria-label={name}
      title={name}
    >
      {[1, 2, 3].map((bar) => (
        <span key={bar} data-lit={bar <= bars[quality] || undefined} />
      ))}
    </span>
  );
}
