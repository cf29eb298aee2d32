import { useCallback, useSyncExternalStore } from 'react';
import { countUntil } from './lines-at.ts';

/** When a player's time may be another one: it plays, somebody jumps, another film is there. */
const moments = ['timeupdate', 'seeking', 'seeked', 'loadedmetadata'] as const;

/**
 * How many of the lines had been written at the player's time. A player tells its time four times a second, and the page
 * is drawn again only when that has brought another line. Without a player all of them are there to be read.
 */
export function useLinesShown(
  video: HTMLVideoElement | null,
  lines: readonly { readonly ms: number }[],
): number {
  const subscribe = useCallback(
    (changed: () => void) => {
      for (const moment of moments) video?.addEventListener(moment, changed);
      return () => {
        for (const moment of moments) video?.removeEventListener(moment, changed);
      };
    },
    [video],
  );
  return useSyncExternalStore(subscribe, () =>
    video === null ? lines.length : countUntil(lines, video.currentTime * 1000),
  );
}
