import { type Tone, useFormat, useTexts } from '@backlot/console/workload';
import { Tooltip } from '@mantine/core';
import { type KeyboardEvent, useRef } from 'react';
import type { FrameCell } from '../../contract/api.ts';
import { renderTexts } from '../texts.ts';
import classes from './frame-map.module.css';

/** What a frame's state means in the console's colours. */
export const frameTones: Record<FrameCell['state'], Tone> = {
  waiting: 'waiting',
  running: 'running',
  frozen: 'frozen',
  done: 'done',
  failed: 'failed',
  canceled: 'idle',
  held: 'waiting',
};

interface FrameMapProps {
  readonly frames: readonly FrameCell[];
  readonly selected: number | undefined;
  readonly onSelect: (cell: FrameCell) => void;
}

/** A cell for every frame, coloured and shaped by its state. One stop for Tab; arrows walk through the cells. */
export function FrameMap({ frames, selected, onSelect }: FrameMapProps) {
  const say = useTexts(renderTexts);
  const format = useFormat();
  const list = useRef<HTMLDivElement>(null);
  const counts = new Map<FrameCell['state'], number>();
  for (const { state } of frames) counts.set(state, (counts.get(state) ?? 0) + 1);
  const focusable = Math.max(
    0,
    frames.findIndex((cell) => cell.frame === selected),
  );
  const onKeyDown = (event: KeyboardEvent) => {
    const cells = [...(list.current?.querySelectorAll<HTMLButtonElement>('button') ?? [])];
    const at = cells.indexOf(document.activeElement as HTMLButtonElement);
    const columns = cells.filter((cell) => cell.offsetTop === cells[0]?.offsetTop).length || 1;
    const to: Record<string, number> = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      ArrowDown: at + columns,
      ArrowUp: at - columns,
      Home: 0,
      End: cells.length - 1,
    };
    const next = to[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    cells[Math.min(cells.length - 1, Math.max(0, next))]?.focus();
  };
  const describe = (cell: FrameCell) =>
    [
      say('job.map.cell', { frame: cell.frame, state: say(`frame.${cell.state}`) }),
      cell.seconds === null ? undefined : say('job.took', { time: format.duration(cell.seconds * 1000) }),
      cell.nodeName === null ? undefined : say('job.on', { node: cell.nodeName }),
    ]
      .filter((part) => part !== undefined)
      .join(', ');

  return (
    <div>
      <Tooltip.Group openDelay={60} closeDelay={60}>
        {/* biome-ignore lint/a11y/useSemanticElements: a set of cells, not a form's fieldset */}
        <div
          ref={list}
          className={classes.map}
          role="group"
          aria-label={say('job.map')}
          onKeyDown={onKeyDown}
        >
          {frames.map((cell, index) => (
            <Tooltip key={cell.frame} label={describe(cell)}>
              <button
                type="button"
                className={classes.cell}
                data-state={cell.state}
                aria-label={describe(cell)}
                aria-pressed={cell.frame === selected}
                tabIndex={index === focusable ? 0 : -1}
                onClick={() => onSelect(cell)}
              />
            </Tooltip>
          ))}
        </div>
      </Tooltip.Group>
      <ul className={classes.legend}>
        {[...counts].map(([state, count]) => (
          <li key={state}>
            <span className={classes.cell} data-state={state} aria-hidden="true" /> {format.number(count)}{' '}
            {say(`frame.${state}`)}
          </li>
        ))}
      </ul>
    </div>
  );
}
