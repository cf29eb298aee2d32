import { type GlossaryKey, glossary, useGlossary } from '../i18n/glossary.ts';
import classes from './state-badge.module.css';
import { stateTone, type Tone } from './state-tone.ts';

interface StateBadgeProps {
  readonly state: string;
  /** Overrides the tone that the state has by itself. */
  readonly tone?: Tone;
  /** Overrides the word; states of workloads bring their own. A sentence is cut where there is no room, and read by pointing at it. */
  readonly label?: string;
  /** Only the dot, where the word stands beside it already; the word is kept for screen readers. */
  readonly dotOnly?: boolean;
}

const isKnown = (key: string): key is GlossaryKey => key in glossary.table;

/** A state as a coloured dot with its word. The word is always there: colour alone says nothing to many people. */
export function StateBadge({ state, tone = stateTone(state), label, dotOnly = false }: StateBadgeProps) {
  const say = useGlossary();
  const key = `state.${state}`;
  const word = label ?? (isKnown(key) ? say(key) : state);
  return (
    <span
      className={classes.badge}
      data-tone={tone}
      title={dotOnly || label !== undefined ? word : undefined}
    >
      <span className={classes.dot} data-hatched={tone === 'frozen' || undefined} aria-hidden="true" />
      <span className={dotOnly ? 'visually-hidden' : classes.word}>{word}</span>
    </span>
  );
}
