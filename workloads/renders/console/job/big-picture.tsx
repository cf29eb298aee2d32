import { useTexts } from '@backlot/console/workload';
import { Button, SegmentedControl } from '@mantine/core';
import { IconMaximize, IconPhoto, IconPlayerTrackNext } from '@tabler/icons-react';
import { useState } from 'react';
import type { FrameCell, Render } from '../../contract/api.ts';
import { contentUrl } from '../queries.ts';
import { Picture } from '../shared/picture.tsx';
import { renderTexts } from '../texts.ts';
import classes from './big-picture.module.css';
import { type FinishedCell, neighbours, type Shown } from './frames.ts';
import { Viewer } from './viewer.tsx';

interface BigPictureProps {
  readonly render: Render;
  readonly shown: Shown | undefined;
  readonly finished: readonly FinishedCell[];
  /** The newest frame is shown as it comes; a chosen one stays. */
  readonly followed: boolean;
  readonly onSelect: (cell: FrameCell) => void;
  readonly onFollow: () => void;
}

/** The current picture, large; the film beside it as soon as there is one. */
export function BigPicture({ render, shown, finished, followed, onSelect, onFollow }: BigPictureProps) {
  const say = useTexts(renderTexts);
  const [zoom, setZoom] = useState(false);
  const [wanted, setWanted] = useState<'film' | 'picture'>();
  const { film } = render;
  // A finished film is what one came for; a frame that is chosen afterwards is shown all the same.
  const view = film && (wanted ?? (followed ? 'film' : 'picture')) === 'film' ? 'film' : 'picture';
  const { width, height } = render.facts;
  const ratio = width && height ? width / height : 4 / 3;
  const title = !shown
    ? ''
    : shown.frame === null
      ? say('job.preview')
      : say('job.frameN', { frame: shown.frame });
  const { previous, next } = neighbours(finished, shown?.frame ?? null);
  return (
    <figure className={classes.figure}>
      <div className={classes.frame} style={{ aspectRatio: String(Math.min(2.4, Math.max(0.75, ratio))) }}>
        {view === 'film' && film ? (
          <video
            className={classes.film}
            src={contentUrl(film.id)}
            controls
            loop
            muted
            playsInline
            autoPlay
            aria-label={say('job.film')}
          />
        ) : shown ? (
          <button
            type="button"
            className={classes.zoom}
            aria-label={`${say('job.zoom')}: ${title}`}
            onClick={() => setZoom(true)}
          >
            <Picture artifactId={shown.artifactId} alt={title} />
          </button>
        ) : (
          <div className={classes.nothing}>
            <IconPhoto size={36} stroke={1.2} aria-hidden="true" />
            <p>{say('job.noPicture')}</p>
          </div>
        )}
      </div>
      <figcaption className={classes.caption}>
        <span>{view === 'picture' ? title : say('job.film')}</span>
        {render.settings.format === 'exr' &&
          finished.length === 0 &&
          render.frames.some((cell) => cell.artifactId) && <span className="dim">{say('job.exr')}</span>}
        <span className={classes.tools}>
          {view === 'picture' && !followed && render.job.endedAt === null && (
            <Button
              variant="subtle"
              size="compact-xs"
              leftSection={<IconPlayerTrackNext size={13} aria-hidden="true" />}
              onClick={onFollow}
            >
              {say('job.latest')}
            </Button>
          )}
          {film && (
            <SegmentedControl
              aria-label={say('job.picture')}
              value={view}
              onChange={(value) => setWanted(value === 'film' ? 'film' : 'picture')}
              data={[
                { value: 'film', label: say('job.film') },
                { value: 'picture', label: say('job.picture') },
              ]}
            />
          )}
          {view === 'picture' && shown && (
            <Button
              variant="subtle"
              size="compact-xs"
              leftSection={<IconMaximize size={13} aria-hidden="true" />}
              onClick={() => setZoom(true)}
            >
              {say('job.zoom')}
            </Button>
          )}
        </span>
      </figcaption>
      {zoom && shown && (
        <Viewer
          artifactId={shown.artifactId}
          title={`${render.job.name} · ${title}`}
          onClose={() => setZoom(false)}
          onPrevious={previous && (() => onSelect(previous))}
          onNext={next && (() => onSelect(next))}
        />
      )}
    </figure>
  );
}
