import { type RefObject, useEffect, useState } from 'react';

/** Whether an element fills the screen, and how to change it; iPhones can't, and then nothing offers it. */
export function useFullscreen(element: RefObject<HTMLElement | null>): {
  readonly possible: boolean;
  readonly on: boolean;
  readonly toggle: () => void;
} {
  const [on, setOn] = useState(() => document.fullscreenElement !== null);
  useEffect(() => {
    const follow = () => setOn(document.fullscreenElement !== null);
    document.addEventListener('fullscreenchange', follow);
    return () => document.removeEventListener('fullscreenchange', follow);
  }, []);
  return {
    possible: document.fullscreenEnabled === true,
    on,
    toggle: () => {
      const change = on ? document.exitFullscreen() : element.current?.requestFullscreen();
      // Refused by the browser or by the page around this one: then it stays as it is.
      change?.catch(() => undefined);
    },
  };
}
