import { systemClock } from '@backlot/contract/clock';
import { IconDeviceTv } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { paths } from '../queries.ts';
import classes from './thumbnail.module.css';

const everyMs = 20_000;

/**
 * The picture of a running stream, taken from the stream itself by the node; anew every twenty seconds while it is in
 * sight, and the one before stays until the next is whole, so that nothing flickers.
 */
export function Thumbnail({ instanceId, alt }: { readonly instanceId: string | null; readonly alt: string }) {
  const frame = useRef<HTMLSpanElement>(null);
  const [shown, setShown] = useState<string | null>(null);
  useEffect(() => {
    const element = frame.current;
    setShown(null);
    if (!element || instanceId === null) return;
    const ended = new AbortController();
    let inSight = false;
    const observer = new IntersectionObserver((entries) => {
      inSight = entries.some((entry) => entry.isIntersecting);
    });
    observer.observe(element);
    const follow = async () => {
      while (!ended.signal.aborted) {
        if (inSight && document.visibilityState === 'visible') {
          const next = await loaded(`${paths.thumbnail(instanceId)}?at=${systemClock.now()}`);
          if (next !== null && !ended.signal.aborted) setShown(next);
        }
        await systemClock.sleep(inSight ? everyMs : 300, ended.signal);
      }
    };
    follow().catch(() => undefined);
    return () => {
      ended.abort();
      observer.disconnect();
    };
  }, [instanceId]);
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

/** @returns the address once its picture is whole; null when there is none (no picture yet, the instance is gone). */
function loaded(address: string): Promise<string | null> {
  return new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve(address);
    image.onerror = () => resolve(null);
    image.src = address;
  });
}
