// biome-ignore-all lint/a11y/useSemanticElements: a table can’t be laid out over time; the roles say the same
// biome-ignore-all lint/a11y/useFocusableInteractive: cells hold the focus, not their rows
import { useFormat, useTexts } from '@backlot/console/workload';
import { Tooltip } from '@mantine/core';
import { type KeyboardEvent, memo, useId, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { Segment, Timeline } from '../../contract/broadcast.ts';
import type { Gap } from '../../contract/segment.ts';
import { broadcastTexts } from '../texts.ts';
import { useWallClock } from './clock.ts';
import { place, type Range } from './ranges.ts';
import classes from './take-timeline.module.css';
import { reveal, type Standing, type Stop, stopsOf, walk } from './walk.ts';

/** What of a broadcast is looked at, and in which words. */
export interface TimelineView {
  readonly timeline: Timeline;
  readonly all: Range;
  readonly window: Range;
  readonly onWindow: (window: Range) => void;
  readonly nodeName: (id: string) => string;
  readonly whyText: (why: string) => string;
}

interface TimelineLanesProps extends TimelineView {
  /** The segment that is played. */
  readonly playing: string | undefined;
  readonly onPlay: (segment: Segment, name: string) => void;
  readonly onHole: (gap: Gap) => void;
}

/** More pieces than this can't be told apart in the width of a page. */
const most = 400;

interface Piece extends Range {
  readonly id: string;
  /** What lies there: media, or nothing. */
  readonly of: { readonly segment: Segment } | { readonly gap: Gap };
}

/** A place as it is drawn. */
interface Drawn {
  readonly stop: Stop<Piece>;
  readonly first: Piece;
  readonly name: string;
  readonly left: number;
  readonly width: number;
}

const moves = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End'];

/**
 * Takes and holes as rows of one grid: one stop of the tabulator key for thousands of segments, and arrows between them, also
 * to those that lie outside the window.
 */
export function TimelineLanes(props: TimelineLanesProps) {
  const { timeline, all, window, onWindow, nodeName, whyText, playing, onPlay, onHole } = props;
  const say = useTexts(broadcastTexts);
  const hint = useId();
  const grid = useRef<HTMLDivElement>(null);
  const isMoving = useRef(false);
  const [current, setCurrent] = useState<string>();
  const lanes = useMemo(() => piecesOf(timeline), [timeline]);
  const stops = useMemo(
    () =>
      // A hole is never drawn together with another: each has a reason of its own.
      lanes.map((pieces, lane) =>
        stopsOf(pieces, window, lane < lanes.length - 1 ? most : Number.POSITIVE_INFINITY, 2),
      ),
    [lanes, window],
  );
  const drawn = useDrawn(timeline, stops, window, whyText);
  const tabStop = tabStopOf(drawn, stops, current);

  // What has the focus may only be there once the window has moved.
  useLayoutEffect(() => {
    if (!isMoving.current) return;
    isMoving.current = false;
    grid.current?.querySelector<HTMLElement>('[role="gridcell"][tabindex="0"]')?.focus();
  });

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !tabStop || !moves.includes(event.key)) return;
    event.preventDefault();
    const to = walk(event.key, tabStop, stops, lanes.length - 1);
    const stop = to && stops[to.lane]?.[to.index];
    if (!stop) return;
    isMoving.current = true;
    setCurrent(stop.pieces[0]?.id);
    const next = reveal(stop, window, all);
    if (next !== window) onWindow(next);
  };
  const find = (target: EventTarget) => {
    const id = target instanceof Element ? target.closest('[data-piece]')?.getAttribute('data-piece') : null;
    return id ? drawn.flat().find(({ first }) => first.id === id) : undefined;
  };
  const row = (lane: number) =>
    (drawn[lane] ?? []).map((one) => (
      <Cell
        key={one.first.id}
        drawn={one}
        isTabStop={tabStop !== undefined && stops[tabStop.lane]?.[tabStop.index] === one.stop}
        isPlaying={playing !== undefined && one.stop.pieces.some(({ id }) => id === playing)}
      />
    ));

  return (
    <>
      <div
        ref={grid}
        role="grid"
        aria-label={say('timeline.title')}
        aria-describedby={tabStop && hint}
        className={classes.lanes}
        onKeyDown={onKeyDown}
        onFocus={({ target }) => {
          const it = find(target);
          if (it) setCurrent(it.first.id);
        }}
        onClick={({ target }) => {
          const it = find(target);
          if (!it) return;
          if ('segment' in it.first.of) onPlay(it.first.of.segment, it.name);
          else onHole(it.first.of.gap);
        }}
      >
        {timeline.takes.map((take, lane) => (
          <div key={take.id} role="row" className={classes.lane}>
            <div role="rowheader" className={classes.label}>
              <span>{say('timeline.take', { number: take.number })}</span>{' '}
              <span className="dim">{say('timeline.take.on', { node: nodeName(take.nodeId) })}</span>
            </div>
            <div role="presentation" className={classes.track}>
              <Extent
                window={window}
                from={Date.parse(take.startedAt)}
                to={take.endedAt === null ? all.to : Date.parse(take.endedAt)}
              />
              {row(lane)}
            </div>
          </div>
        ))}
        <div role="row" className={classes.lane}>
          <div role="rowheader" className={classes.label}>
            {say('holes.title')}
          </div>
          <div role="presentation" className={classes.track} data-holes>
            {row(lanes.length - 1)}
          </div>
        </div>
      </div>
      <Axis window={window} />
      {tabStop && (
        <p id={hint} className={classes.hint}>
          {say('timeline.hint')}
        </p>
      )}
    </>
  );
}

interface CellProps {
  readonly drawn: Drawn;
  readonly isTabStop: boolean;
  readonly isPlaying: boolean;
}

/** Kept as it is while the focus goes from one to another: there are hundreds. */
const Cell = memo(function Cell({ drawn, isTabStop, isPlaying }: CellProps) {
  const { first, name, left, width } = drawn;
  const isHole = 'gap' in first.of;
  return (
    <Tooltip
      multiline
      maw="min(90vw, 640px)"
      label={name}
      events={{ hover: true, focus: true, touch: false }}
    >
      <button
        type="button"
        role="gridcell"
        aria-label={name}
        aria-selected={isHole ? undefined : isPlaying}
        tabIndex={isTabStop ? 0 : -1}
        data-piece={first.id}
        className={isHole ? classes.hole : classes.piece}
        {...('segment' in first.of
          ? { 'data-part': first.of.segment.part % 2, 'data-torn': first.of.segment.torn || undefined }
          : {})}
        style={{
          left: `${left * 100}%`,
          width: isHole ? `max(2px, ${width * 100}%)` : `max(1px, calc(${width * 100}% - 1px))`,
        }}
      />
    </Tooltip>
  );
});

/** From a take's beginning to its end, also where its segments are deleted. */
function Extent({ window, from, to }: Range & { readonly window: Range }) {
  const at = place({ from, to }, window);
  return (
    at && (
      <span
        className={classes.extent}
        style={{ left: `${at.left * 100}%`, width: `max(1px, ${at.width * 100}%)` }}
      />
    )
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

/** The pieces of each take, and then the holes. */
function piecesOf({ takes, segments, gaps }: Timeline): readonly (readonly Piece[])[] {
  return [
    ...takes.map((take) =>
      segments
        .filter(({ takeId }) => takeId === take.id)
        .map((segment) => ({
          id: segment.artifactId,
          from: segment.firstWall,
          to: segment.lastWall,
          of: { segment },
        })),
    ),
    gaps.map((gap) => ({
      id: `${gap.fromWall} ${gap.toWall} ${gap.why}`,
      from: gap.fromWall,
      to: gap.toWall,
      of: { gap },
    })),
  ];
}

/** What can be seen of each lane, with a name for whoever can't see it. */
function useDrawn(
  { takes }: Timeline,
  stops: readonly (readonly Stop<Piece>[])[],
  window: Range,
  whyText: (why: string) => string,
): readonly (readonly Drawn[])[] {
  const say = useTexts(broadcastTexts);
  const format = useFormat();
  const clock = useWallClock();
  return useMemo(() => {
    const nameOf = (first: Piece, stop: Stop<Piece>, take: number) => {
      const times = { from: clock(stop.from), to: clock(stop.to) };
      if ('gap' in first.of) {
        const { ms, why } = first.of.gap;
        return say('timeline.hole', { ...times, ms: format.number(ms), why: whyText(why) });
      }
      const all = stop.pieces.flatMap(({ of }) => ('segment' in of ? [of.segment] : []));
      const { number, part } = first.of.segment;
      const text = say(all.length > 1 ? 'timeline.segments' : 'timeline.segment', {
        ...times,
        take,
        number,
        part,
        last: all.at(-1)?.number ?? number,
        length: format.duration(stop.to - stop.from),
        size: format.bytes(all.reduce((sum, { size }) => sum + size, 0)),
      });
      return all.some(({ torn }) => torn) ? `${text} · ${say('timeline.torn')}` : text;
    };
    return stops.map((lane, index) =>
      lane.flatMap((stop) => {
        const at = place(stop, window);
        const [first] = stop.pieces;
        if (!at || !first) return [];
        return [{ stop, first, name: nameOf(first, stop, takes[index]?.number ?? 0), ...at }];
      }),
    );
  }, [takes, stops, window, whyText, say, format, clock]);
}

/** Where the tabulator key comes in: at what was chosen last while it can be seen, else at the first of what can. */
function tabStopOf(
  drawn: readonly (readonly Drawn[])[],
  stops: readonly (readonly Stop<Piece>[])[],
  current: string | undefined,
): Standing | undefined {
  const seen = drawn.flatMap((row, lane) => row.map((one) => ({ lane, stop: one.stop })));
  const it = seen.find(({ stop }) => stop.pieces.some(({ id }) => id === current)) ?? seen[0];
  return it && { lane: it.lane, index: stops[it.lane]?.indexOf(it.stop) ?? 0 };
}
