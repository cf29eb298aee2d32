import { useFormat, useTexts } from '@backlot/console/workload';
import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { IconChevronLeft, IconChevronRight, IconZoomIn, IconZoomOut } from '@tabler/icons-react';
import type { Segment, Timeline } from '../../contract/broadcast.ts';
import type { Gap } from '../../contract/segment.ts';
import { broadcastTexts } from '../texts.ts';
import { useWallClock } from './clock.ts';
import { drawnPieces, move, place, type Range, zoom } from './ranges.ts';
import classes from './take-timeline.module.css';

interface TakeTimelineProps {
  readonly timeline: Timeline;
  readonly all: Range;
  readonly window: Range;
  readonly onWindow: (window: Range) => void;
  readonly nodeName: (id: string) => string;
  readonly whyText: (why: string) => string;
}

/** Takes as lanes with their segments, and what is missing below them: from hours down to milliseconds. */
export function TakeTimeline({ timeline, all, window, onWindow, nodeName, whyText }: TakeTimelineProps) {
  const say = useTexts(broadcastTexts);
  const clock = useWallClock();
  const { takes, gaps } = timeline;
  const whole = window.from === all.from && window.to === all.to;
  return (
    <div>
      <div className={classes.tools}>
        <ActionIcon
          aria-label={say('timeline.out')}
          disabled={whole}
          onClick={() => onWindow(zoom(window, 2.5, all))}
        >
          <IconZoomOut size={16} aria-hidden="true" />
        </ActionIcon>
        <ActionIcon aria-label={say('timeline.in')} onClick={() => onWindow(zoom(window, 0.4, all))}>
          <IconZoomIn size={16} aria-hidden="true" />
        </ActionIcon>
        <ActionIcon
          aria-label={say('timeline.earlier')}
          disabled={window.from <= all.from}
          onClick={() => onWindow(move(window, -0.5, all))}
        >
          <IconChevronLeft size={16} aria-hidden="true" />
        </ActionIcon>
        <ActionIcon
          aria-label={say('timeline.later')}
          disabled={window.to >= all.to}
          onClick={() => onWindow(move(window, 0.5, all))}
        >
          <IconChevronRight size={16} aria-hidden="true" />
        </ActionIcon>
        {!whole && (
          <Button size="compact-xs" variant="subtle" onClick={() => onWindow(all)}>
            {say('timeline.all')}
          </Button>
        )}
        <span className={classes.range}>
          {say('timeline.range', { from: clock(window.from), to: clock(window.to) })}
        </span>
      </div>
      <div className={classes.lanes}>
        {takes.map((take) => (
          <div key={take.id} className={classes.lane}>
            <div className={classes.label}>
              <span>{say('timeline.take', { number: take.number })}</span>
              <span className="dim">{say('timeline.take.on', { node: nodeName(take.nodeId) })}</span>
            </div>
            <Pieces
              window={window}
              segments={timeline.segments.filter((segment) => segment.takeId === take.id)}
              extent={{
                from: Date.parse(take.startedAt),
                to: take.endedAt === null ? all.to : Date.parse(take.endedAt),
              }}
            />
          </div>
        ))}
        <div className={classes.lane}>
          <div className={classes.label}>{say('holes.title')}</div>
          <Holes gaps={gaps} window={window} whyText={whyText} />
        </div>
      </div>
      <Axis window={window} />
    </div>
  );
}

/** More pieces than this can't be told apart in the width of a page. */
const most = 400;

interface PiecesProps {
  readonly segments: readonly Segment[];
  /** From the take's beginning to its end, also where its segments are deleted. */
  readonly extent: Range;
  readonly window: Range;
}

function Pieces({ segments, extent, window }: PiecesProps) {
  const say = useTexts(broadcastTexts);
  const format = useFormat();
  const clock = useWallClock();
  const whole = place(extent, window);
  const pieces = segments.map((segment) => ({ from: segment.firstWall, to: segment.lastWall, segment }));
  return (
    <div className={classes.track}>
      {whole && (
        <span
          className={classes.extent}
          style={{ left: `${whole.left * 100}%`, width: `max(1px, ${whole.width * 100}%)` }}
        />
      )}
      {drawnPieces(pieces, window, most, 2).map((drawn) => {
        const at = place(drawn, window);
        const [first] = drawn.pieces;
        if (!at || !first) return null;
        const { segment } = first;
        const text = say('timeline.segment', {
          number: segment.number,
          part: segment.part,
          from: clock(drawn.from),
          to: clock(drawn.to),
          size: format.bytes(drawn.pieces.reduce((sum, piece) => sum + piece.segment.size, 0)),
        });
        return (
          <Tooltip key={segment.artifactId} label={text}>
            <span
              className={classes.piece}
              data-part={segment.part % 2}
              data-torn={segment.torn || undefined}
              style={{ left: `${at.left * 100}%`, width: `max(1px, calc(${at.width * 100}% - 1px))` }}
            />
          </Tooltip>
        );
      })}
    </div>
  );
}

interface HolesProps {
  readonly gaps: readonly Gap[];
  readonly window: Range;
  readonly whyText: (why: string) => string;
}

function Holes({ gaps, window, whyText }: HolesProps) {
  const format = useFormat();
  return (
    <div className={classes.track} data-holes>
      {gaps.map((gap) => {
        const at = place({ from: gap.fromWall, to: gap.toWall }, window);
        if (!at) return null;
        return (
          <Tooltip
            key={`${gap.fromWall} ${gap.why}`}
            label={`${format.number(gap.ms)} ms · ${whyText(gap.why)}`}
          >
            <span
              className={classes.hole}
              style={{ left: `${at.left * 100}%`, width: `max(2px, ${at.width * 100}%)` }}
            />
          </Tooltip>
        );
      })}
    </div>
  );
}

function Axis({ window }: { readonly window: Range }) {
  const clock = useWallClock();
  return (
    <div className={classes.axis} aria-hidden="true">
      {[0, 0.25, 0.5, 0.75, 1].map((share) => (
        <span key={share}>{clock(window.from + (window.to - window.from) * share, window)}</span>
      ))}
    </div>
  );
}
