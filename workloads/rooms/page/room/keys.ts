import { useEffect } from 'react';
import type { TextKey } from '../texts.ts';

export type RoomAction = 'microphone' | 'camera' | 'screen' | 'view' | 'chat' | 'people' | 'stats';

/** Keys of the room, as they are listed in the settings. */
export const roomKeys: readonly {
  readonly key: string;
  readonly action: RoomAction;
  readonly says: TextKey;
}[] = [
  { key: 'm', action: 'microphone', says: 'microphone' },
  { key: 'v', action: 'camera', says: 'camera' },
  { key: 's', action: 'screen', says: 'screen.on' },
  { key: 'g', action: 'view', says: 'view.grid' },
  { key: 'c', action: 'chat', says: 'chat' },
  { key: 'p', action: 'people', says: 'people' },
  { key: 'i', action: 'stats', says: 'stats' },
];

export function keyOf(action: RoomAction): string {
  return roomKeys.find((one) => one.action === action)?.key.toUpperCase() ?? '';
}

/** Calls for the keys of the room, unless somebody is writing; Escape closes what is open. */
export function useKeys(act: (action: RoomAction) => void, onEscape: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape') {
        onEscape(); // Also while somebody is writing.
        return;
      }
      if (event.metaKey || event.ctrlKey || event.altKey || event.repeat) return;
      const { target } = event;
      if (target instanceof HTMLElement && target.closest('input, select, textarea, [contenteditable]'))
        return;
      const found = roomKeys.find((one) => one.key === event.key.toLowerCase());
      if (!found) return;
      event.preventDefault();
      act(found.action);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  });
}
