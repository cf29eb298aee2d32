import { useTexts } from '@backlot/console/workload';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import type { FrameCell } from '../../contract/api.ts';
import { Picture } from '../shared/picture.tsx';
import { renderTexts } from '../texts.ts';
import classes from './film-strip.module.css';

interface FilmStripProps {
  /** Finished frames that a browser can draw, by number. */
  readonly frames: readonly (FrameCell & { readonly artifactId: string })[];
  readonly selected: number | undefined;
  readonly onSelect: (cell: FrameCell) => void;
}

const thumbWidth = 108;

/** The finished frames in a row; only those in sight are loaded. */
export function FilmStrip({ frames, selected, onSelect }: FilmStripProps) {
  const say = useTexts(renderTexts);
  const viewport = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    horizontal: true,
    count: frames.length,
    getScrollElement: () => viewport.current,
    estimateSize: () => thumbWidth,
    overscan: 4,
  });
  const index = frames.findIndex((cell) => cell.frame === selected);
  useEffect(() => {
    if (index >= 0) virtualizer.scrollToIndex(index, { align: 'auto' });
  }, [index, virtualizer]);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a set of pictures, not a form's fieldset
    <div ref={viewport} className={classes.strip} role="group" aria-label={say('job.strip')}>
      <div className={classes.inner} style={{ width: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map((item) => {
          const cell = frames[item.index];
          if (!cell) return null;
          return (
            <button
              key={cell.frame}
              type="button"
              className={classes.thumb}
              aria-pressed={cell.frame === selected}
              aria-label={say('job.frameN', { frame: cell.frame })}
              style={{ transform: `translateX(${item.start}px)` }}
              onClick={() => onSelect(cell)}
            >
              <Picture artifactId={cell.artifactId} alt="" fit="cover" lazy />
              <span className={classes.number}>{cell.frame}</span>
            </button>
          );
        })}
      </div>
    </div>
  );
}
