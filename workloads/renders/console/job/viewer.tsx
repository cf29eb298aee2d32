import { useGlossary, useTexts } from '@backlot/console/workload';
import { ActionIcon, Modal } from '@mantine/core';
import {
  IconArrowAutofitContent,
  IconChevronLeft,
  IconChevronRight,
  IconDownload,
  IconX,
  IconZoomIn,
  IconZoomOut,
} from '@tabler/icons-react';
import { type KeyboardEvent, useCallback, useEffect, useRef, useState } from 'react';
import { contentUrl } from '../queries.ts';
import { renderTexts } from '../texts.ts';
import classes from './viewer.module.css';
import { fitted, moved, type Size, type View, zoomed } from './zoom.ts';

interface ViewerProps {
  readonly artifactId: string;
  readonly title: string;
  readonly onClose: () => void;
  /** Undefined at the ends. */
  readonly onPrevious?: (() => void) | undefined;
  readonly onNext?: (() => void) | undefined;
}

const middle = { x: 0, y: 0 };

/** A picture as large as the window, to be judged pixel by pixel: wheel or keys zoom, dragging moves. */
export function Viewer({ artifactId, title, onClose, onPrevious, onNext }: ViewerProps) {
  const say = useTexts(renderTexts);
  const word = useGlossary();
  const stage = useRef<HTMLDivElement>(null);
  const [picture, setPicture] = useState<Size>({ width: 0, height: 0 });
  const [view, setView] = useState<View>({ scale: 1, ...middle });
  const room = useCallback(
    (): Size => ({ width: stage.current?.clientWidth ?? 1, height: stage.current?.clientHeight ?? 1 }),
    [],
  );

  useEffect(() => {
    const element = stage.current;
    if (!element) return;
    // React listens to wheels passively; the page behind must not scroll.
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      const at = { x: event.clientX - box.left - box.width / 2, y: event.clientY - box.top - box.height / 2 };
      setView((before) => zoomed(before, Math.exp(-event.deltaY / 400), at, picture, room()));
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [picture, room]);

  const zoomBy = (factor: number) => setView((before) => zoomed(before, factor, middle, picture, room()));
  const onKeyDown = (event: KeyboardEvent) => {
    const step = 60;
    const move = (x: number, y: number) => setView((before) => moved(before, { x, y }, picture, room()));
    const acts = new Map<string, () => void>([
      ['+', () => zoomBy(1.5)],
      ['=', () => zoomBy(1.5)],
      ['-', () => zoomBy(1 / 1.5)],
      ['0', () => setView(fitted(picture, room()))],
      ['1', () => setView((before) => zoomed(before, 1 / before.scale, middle, picture, room()))],
      ['ArrowLeft', () => (event.shiftKey ? move(step, 0) : onPrevious?.())],
      ['ArrowRight', () => (event.shiftKey ? move(-step, 0) : onNext?.())],
      ['ArrowUp', () => move(0, step)],
      ['ArrowDown', () => move(0, -step)],
    ]);
    const act = acts.get(event.key);
    if (!act) return;
    event.preventDefault();
    act();
  };

  return (
    <Modal.Root opened onClose={onClose} fullScreen transitionProps={{ duration: 90 }} lockScroll={false}>
      <Modal.Content aria-label={say('zoom.label')} className={classes.content ?? ''}>
        <Modal.Body className={classes.body ?? ''} onKeyDown={onKeyDown}>
          <header className={classes.bar}>
            <strong className={classes.title}>{title}</strong>
            <span className={classes.scale}>{Math.round(view.scale * 100)} %</span>
            <ActionIcon aria-label={say('zoom.out')} title={say('zoom.out')} onClick={() => zoomBy(1 / 1.5)}>
              <IconZoomOut size={18} aria-hidden="true" />
            </ActionIcon>
            <ActionIcon aria-label={say('zoom.in')} title={say('zoom.in')} onClick={() => zoomBy(1.5)}>
              <IconZoomIn size={18} aria-hidden="true" />
            </ActionIcon>
            <ActionIcon
              aria-label={say('zoom.fit')}
              title={say('zoom.fit')}
              onClick={() => setView(fitted(picture, room()))}
            >
              <IconArrowAutofitContent size={18} aria-hidden="true" />
            </ActionIcon>
            <ActionIcon
              component="a"
              href={contentUrl(artifactId)}
              download
              aria-label={say('job.downloadOne')}
              title={say('job.downloadOne')}
            >
              <IconDownload size={18} aria-hidden="true" />
            </ActionIcon>
            <ActionIcon
              aria-label={word('do.close')}
              title={word('do.close')}
              onClick={onClose}
              data-autofocus
            >
              <IconX size={18} aria-hidden="true" />
            </ActionIcon>
          </header>
          {/* biome-ignore lint/a11y/noStaticElementInteractions: dragging and the wheel are additions; the bar and the keys do the same */}
          <div
            ref={stage}
            className={classes.stage}
            onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
            onPointerMove={(event) => {
              if (event.buttons !== 1) return;
              const by = { x: event.movementX, y: event.movementY };
              setView((before) => moved(before, by, picture, room()));
            }}
            onDoubleClick={() =>
              setView((before) =>
                before.scale < 1
                  ? zoomed(before, 1 / before.scale, middle, picture, room())
                  : fitted(picture, room()),
              )
            }
          >
            <img
              src={contentUrl(artifactId)}
              alt={title}
              draggable={false}
              className={classes.image}
              data-pixels={view.scale > 1.5 || undefined}
              style={{
                transform: `translate(-50%, -50%) translate(${view.x}px, ${view.y}px) scale(${view.scale})`,
              }}
              onLoad={(event) => {
                const { naturalWidth: width, naturalHeight: height } = event.currentTarget;
                // Going through frames of one size keeps the place that is looked at.
                if (width === picture.width && height === picture.height) return;
                setPicture({ width, height });
                setView(fitted({ width, height }, room()));
              }}
            />
            {onPrevious && (
              <ActionIcon
                className={classes.previous}
                size="xl"
                variant="default"
                aria-label={say('zoom.previous')}
                onClick={onPrevious}
              >
                <IconChevronLeft size={22} aria-hidden="true" />
              </ActionIcon>
            )}
            {onNext && (
              <ActionIcon
                className={classes.next}
                size="xl"
                variant="default"
                aria-label={say('zoom.next')}
                onClick={onNext}
              >
                <IconChevronRight size={22} aria-hidden="true" />
              </ActionIcon>
            )}
          </div>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
