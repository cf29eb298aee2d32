import { formatCount, useTexts } from '@backlot/console/workload';
import { useMemo } from 'react';
import { type ChatLine, chatLineKinds } from '../../../contract/chat.ts';
import classes from './chat-panel.module.css';
import type { ChatLineKind } from './line.ts';
import { countKinds } from './lines-at.ts';
import { chatTexts } from './texts.ts';

interface KindFilterProps {
  readonly lines: readonly ChatLine[];
  readonly hidden: readonly ChatLineKind[];
  readonly onHide: (hidden: readonly ChatLineKind[]) => void;
}

/** Which kinds of lines are shown. Only the kinds that a chat has, and none to choose where there is but one. */
export function KindFilter({ lines, hidden, onHide }: KindFilterProps) {
  const say = useTexts(chatTexts);
  const counts = useMemo(() => countKinds(lines), [lines]);
  const there = chatLineKinds.filter((kind) => counts[kind] > 0);
  if (there.length < 2 && !there.some((kind) => hidden.includes(kind))) return null;
  return (
    <fieldset className={classes.kinds} aria-label={say('kinds')}>
      {there.map((kind) => {
        const isShown = !hidden.includes(kind);
        return (
          <button
            key={kind}
            type="button"
            className={classes.kind}
            aria-pressed={isShown}
            onClick={() => onHide(isShown ? [...hidden, kind] : hidden.filter((one) => one !== kind))}
          >
            {say(`kind.${kind}`)} <span className={classes.count}>{formatCount(counts[kind])}</span>
          </button>
        );
      })}
    </fieldset>
  );
}
