import { systemClock } from '@backlot/contract/clock';
import { IconDeviceTv } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import classes from './thumbnail.module.css';

const everyMs = 15_000;

interface ThumbnailProps {
  /** Where the newest picture is to be had; null while there is none. */
  readonly address: string | null;
  readonly alt: string;
}

/**
 * What something shows right now: read anew every fifteen seconds while it is in sight. The picture before stays until
 * the next one is whole, so that nothing flickers.
 */
export function Thumbnail({ address, alt }: ThumbnailProps) {
  const frame = useRef<HTMLSpanElement>(null);
  const [shown, setShown] = useState<string | null>(null);
  useEffect(() => {
    const element = frame.current;
    setShown(null);
    if (!element || address === null) return;
    const gone = new AbortController();
    let following: AbortController | undefined;
    const observer = new IntersectionObserver((entries) => {
      const inSight = entries.at(-1)?.isIntersecting ?? false;
      if (inSight === (following !== undefined)) return;
      following?.abort();
      following = inSight ? new AbortController() : undefined;
      if (following)
        follow(address, AbortSignal.any([following.signal, gone.signal]), setShown).catch(() => undefined);
    });
    observer.observe(element);
    return () => {
      gone.abort();
      observer.disconnect();
    };
  }, [address]);
  return (
    <span ref={frame} className={classes.frame}>
      {shown === null ? (
        <IconDeviceTv size={30} stroke={1.2} aria-hidden="true" />
      ) : (
        <img className={classes.picture} src={shown} alt={alt} />
      )}
    </span>
  );
}

/** Until it is ended; a window that nobody looks at asks for nothing. */
async function follow(address: string, signal: AbortSignal, show: (address: string) => void): Promise<void> {
  const url = new URL(address, location.href);
  while (!signal.aborted) {
    if (document.visibilityState === 'visible') {
      url.searchParams.set('at', String(systemClock.now()));
      const next = await loaded(url.href);
      if (next !== null && !signal.aborted) show(next);
    }
    await systemClock.sleep(everyMs, signal);
  }
}

/** @returns the address once its picture is whole; null when there is none (no picture yet, or what it shows is gone). */
function loaded(address: string): Promise<string | null> {
  return new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve(address);
    image.onerror = () => resolve(null);
    image.src = address;
  });
}
