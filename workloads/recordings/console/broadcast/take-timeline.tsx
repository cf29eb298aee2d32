import { useTexts } from '@backlot/console/workload';
import { ActionIcon, Button } from '@mantine/core';
import { IconChevronLeft, IconChevronRight, IconZoomIn, IconZoomOut } from '@tabler/icons-react';
import { useCallback, useState } from 'react';
import type { Segment } from '../../contract/broadcast.ts';
import { broadcastTexts } from '../texts.ts';
import { useWallClock } from './clock.ts';
import { around, move, zoom } from './ranges.ts';
import { SegmentPlayer } from './segment-player.tsx';
import classes from './take-timeline.module.css';
import { TimelineLanes, type TimelineView } from './timeline-lanes.tsx';

/** Takes as lanes with their segments, and what is missing below them: from hours down to milliseconds. */
export function TakeTimeline({ timeline, all, window, onWindow, nodeName, whyText }: TimelineView) {
  const say = useTexts(broadcastTexts);
  const clock = useWallClock();
  const [playing, setPlaying] = useState<{ readonly segment: Segment; readonly name: string }>();
  const [isBroken, setBroken] = useState(false);
  const whole = window.from === all.from && window.to === all.to;
  const play = (next: typeof playing) => {
    setPlaying(next);
    setBroken(false);
  };
  const onFailed = useCallback(() => setBroken(true), []);
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
      <TimelineLanes
        timeline={timeline}
        all={all}
        window={window}
        onWindow={onWindow}
        nodeName={nodeName}
        whyText={whyText}
        playing={playing?.segment.artifactId}
        onPlay={(segment, name) => play({ segment, name })}
        onHole={(gap) => onWindow(around({ from: gap.fromWall, to: gap.toWall }, all))}
      />
      {/* Always there: what appears together with its words is not read out. */}
      <p role="status" className={classes.status}>
        {playing && say(isBroken ? 'segment.away' : 'segment.plays', { segment: playing.name })}
      </p>
      {playing && (
        <SegmentPlayer
          key={playing.segment.artifactId}
          segment={playing.segment}
          name={playing.name}
          isBroken={isBroken}
          onFailed={onFailed}
          onClose={() => play(undefined)}
        />
      )}
    </div>
  );
}
