// biome-ignore-all lint/a11y/useSemanticElements: rows of a virtual list are positioned, which <option> can't be; this is the ARIA listbox pattern
// biome-ignore-all lint/a11y/useFocusableInteractive: the list holds the focus and names its active row (aria-activedescendant)
import { moveFocus, useTexts } from '@backlot/console/workload';
import { Button } from '@mantine/core';
import { IconArrowDown } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import type { ChatLine } from '../../../contract/chat.ts';
import classes from './chat-list.module.css';
import { ChatRow } from './chat-row.tsx';
import { chatTexts } from './texts.ts';

interface ChatListProps {
  readonly label: string;
  readonly lines: readonly ChatLine[];
  /** How many of them are there to be seen. */
  readonly count: number;
  /** The last one that had been written at the player's time; -1 before the first. */
  readonly now: number;
  /** Goes along with the player, newest at the bottom, until somebody scrolls up. Otherwise it begins around `now`. */
  readonly follows: boolean;
  /** Left out where there is no player that could go there. */
  readonly onSeek: ((line: ChatLine) => void) | undefined;
}

/** Of a row with one line of text, in pixels. */
const rowHeight = 24;
/** So close to the end counts as at the end, in pixels: positions of scrolling are not whole on every screen. */
const atEnd = 8;

/** Lines of a chat, as many as there are: only the rows in sight exist. One stop for the Tab key; Enter goes to a line. */
export function ChatList({ label, lines, count, now, follows, onSeek }: ChatListProps) {
  const say = useTexts(chatTexts);
  const id = useId();
  const viewport = useRef<HTMLDivElement>(null);
  const lastTop = useRef(0);
  const [following, setFollowing] = useState(follows);
  const [chosen, setChosen] = useState(Math.max(0, now));
  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => viewport.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  });
  const items = virtualizer.getVirtualItems();
  const active = following ? count - 1 : Math.min(chosen, count - 1);

  // At every drawing: heights become known only when rows are there, and each of them moves the end.
  useLayoutEffect(() => {
    const element = viewport.current;
    if (following && element) element.scrollTop = element.scrollHeight;
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: where a list begins; from then on it is where its reader is
  useEffect(() => {
    if (!follows && now > 0) virtualizer.scrollToIndex(now, { align: 'center' });
  }, []);

  // Only somebody who scrolls up leaves the end: what comes, and what becomes higher than was thought, does not.
  const onScroll = () => {
    const element = viewport.current;
    if (!element || !follows) return;
    const { scrollTop, scrollHeight, clientHeight } = element;
    if (scrollHeight - scrollTop - clientHeight < atEnd) setFollowing(true);
    else if (scrollTop < lastTop.current) {
      if (following) setChosen(items.find((item) => item.start >= scrollTop)?.index ?? 0);
      setFollowing(false);
    }
    lastTop.current = scrollTop;
  };
  const seek = (index: number) => {
    const line = lines[index];
    if (!line || !onSeek) return;
    setChosen(index);
    onSeek(line);
    setFollowing(follows);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      seek(active);
      return;
    }
    const page = Math.max(1, Math.floor((viewport.current?.clientHeight ?? 0) / rowHeight) - 1);
    const next = moveFocus(event.key, active, count, page);
    if (next === undefined) return;
    event.preventDefault();
    setChosen(next);
    setFollowing(follows && next === count - 1);
    virtualizer.scrollToIndex(next, { align: 'auto' });
  };

  return (
    <div className={classes.list}>
      <div
        ref={viewport}
        className={classes.viewport}
        role="listbox"
        aria-label={label}
        aria-activedescendant={items.some(({ index }) => index === active) ? `${id}-${active}` : undefined}
        // What comes with the film is not read aloud into it.
        aria-live="off"
        tabIndex={0}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
      >
        <div className={classes.lines} role="presentation" style={{ height: virtualizer.getTotalSize() }}>
          {items.map((item) => {
            const line = lines[item.index];
            if (!line) return null;
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: Enter on the list goes to the active row
              <div
                key={item.key}
                id={`${id}-${item.index}`}
                ref={virtualizer.measureElement}
                data-index={item.index}
                role="option"
                aria-selected={item.index === active}
                aria-posinset={item.index + 1}
                aria-setsize={count}
                className={classes.line}
                data-kind={line.kind}
                data-now={(!follows && item.index === now) || undefined}
                data-seeks={onSeek ? true : undefined}
                style={{ transform: `translateY(${item.start}px)` }}
                onClick={() => seek(item.index)}
              >
                <ChatRow line={line} />
              </div>
            );
          })}
        </div>
      </div>
      {follows && !following && (
        <Button
          className={classes.follow ?? ''}
          size="compact-xs"
          variant="default"
          leftSection={<IconArrowDown size={13} aria-hidden="true" />}
          onClick={() => setFollowing(true)}
        >
          {say('follow')}
        </Button>
      )}
    </div>
  );
}
