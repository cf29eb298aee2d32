import { useLevel } from '../model/use-level.ts';
import { useWords } from '../texts.ts';
import classes from './level-bar.module.css';

const cells = 14;

/** How loud a microphone hears one: a row of cells, so that one sees that it works before anybody listens. */
export function LevelBar({ track }: { readonly track: MediaStreamTrack | null }) {
  const { say } = useWords();
  const level = useLevel(track);
  const lit = Math.round(level * cells);
  return (
    // biome-ignore lint/a11y/useSemanticElements: <meter> can't be drawn in our colours in every browser
    <div
      className={classes.bar}
      role="meter"
      aria-label={say('level.label')}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(level * 100)}
    >
      {Array.from({ length: cells }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: cells have no identity
        <span key={index} data-lit={index < lit || undefined} />
      ))}
    </div>
  );
}
