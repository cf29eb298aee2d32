import { useTexts } from '@backlot/console/workload';
import { Button } from '@mantine/core';
import { IconPlayerStop } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import type { Segment } from '../../contract/broadcast.ts';
import { contentPath } from '../queries.ts';
import { broadcastTexts } from '../texts.ts';
import classes from './take-timeline.module.css';

interface SegmentPlayerProps {
  readonly segment: Segment;
  readonly name: string;
  readonly isBroken: boolean;
  readonly onFailed: () => void;
  readonly onClose: () => void;
}

/** One segment as it was recorded, from the node that holds it: there before any film is, and it stays exact. */
export function SegmentPlayer({ segment, name, isBroken, onFailed, onClose }: SegmentPlayerProps) {
  const say = useTexts(broadcastTexts);
  const video = useRef<HTMLVideoElement>(null);
  const { artifactId, container } = segment;
  // Browsers know fragmented MP4 by themselves.
  const native = container === 'fmp4';
  const box = useRef<HTMLDivElement>(null);
  // It was asked for, so it is to be seen; the focus stays on the timeline, for the next one.
  useEffect(() => {
    // Newer browsers answer with a promise, which is nothing to clean up.
    void box.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  useEffect(() => {
    if (container === 'fmp4') return;
    let ended = false;
    let stop: (() => void) | undefined;
    void import('./play-segment.ts')
      .then(({ playSegment }) => {
        if (ended || !video.current) return;
        const url = new URL(contentPath(artifactId), location.href).href;
        stop = playSegment(video.current, url, container, () => !ended && onFailed());
      })
      .catch(() => !ended && onFailed());
    return () => {
      ended = true;
      stop?.();
    };
  }, [artifactId, container, onFailed]);
  return (
    <div ref={box} className={classes.player}>
      {!isBroken && (
        // biome-ignore lint/a11y/useMediaCaption: a recording of somebody else's stream has no captions
        <video
          ref={video}
          src={native ? contentPath(artifactId) : undefined}
          controls
          autoPlay
          playsInline
          aria-label={name}
          onError={onFailed}
        />
      )}
      <div>
        <Button
          variant="default"
          leftSection={<IconPlayerStop size={14} aria-hidden="true" />}
          onClick={onClose}
        >
          {say('segment.close')}
        </Button>
      </div>
    </div>
  );
}
