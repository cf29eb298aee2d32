import { Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import { useFormat } from '../format/index.ts';
import { assignLanes, timeTicks } from './lanes.ts';
import { stateTone } from './state-tone.ts';
import classes from './timeline.module.css';

export interface TimelineBlock {
  readonly key: string;
  readonly label: string;
  /** Milliseconds since 1970; `to` is null while it goes on. */
  readonly from: number;
  readonly to: number | null;
  readonly state: string;
  readonly details?: ReactNode;
  readonly onOpen?: () => void;
}

interface TimelineProps {
  readonly label: string;
  readonly blocks: readonly TimelineBlock[];
  readonly from: number;
  readonly to: number;
}

/** Who had what when: blocks over time, as many lanes as ran at once. */
export function Timeline({ label, blocks, from, to }: TimelineProps) {
  const format = useFormat();
  const lanes = assignLanes(blocks);
  const laneCount = Math.max(1, ...lanes.map((lane) => lane + 1));
  const at = (moment: number) =>
    ((Math.min(to, Math.max(from, moment)) - from) / Math.max(1, to - from)) * 100;
  return (
    <div className={classes.timeline}>
      <ul className={classes.lanes} aria-label={label} style={{ height: laneCount * 24 + 4 }}>
        {timeTicks(from, to, 6).map((tick) => (
          <li key={tick} className={classes.line} style={{ left: `${at(tick)}%` }} aria-hidden="true" />
        ))}
        {blocks.map((block, index) => {
          const start = at(block.from);
          const width = at(block.to ?? to) - start;
          const text = `${block.label}, ${format.timeOfDay(block.from)} – ${block.to === null ? '…' : format.timeOfDay(block.to)}`;
          return (
            <li
              key={block.key}
              className={classes.block}
              data-tone={stateTone(block.state)}
              style={{ left: `${start}%`, width: `max(3px, ${width}%)`, top: (lanes[index] ?? 0) * 24 + 2 }}
            >
              <Tooltip label={block.details ?? text}>
                <button type="button" className={classes.button} onClick={block.onOpen} aria-label={text}>
                  {block.label}
                </button>
              </Tooltip>
            </li>
          );
        })}
      </ul>
      <div className={classes.axis} aria-hidden="true">
        {timeTicks(from, to, 6).map((tick) => (
          <span key={tick} style={{ left: `${at(tick)}%` }}>
            {format.timeOfDay(tick).slice(0, 5)}
          </span>
        ))}
      </div>
    </div>
  );
}
