import { RoomError } from '@backlot/sdk/rooms/errors';
import { isTextKey, type Say } from '../texts.ts';

/** Why one could not join or do something, in words that say what to do. */
export function sayProblem(error: unknown, say: Say): string {
  if (!(error instanceof RoomError)) {
    return say('notice.failed', { reason: error instanceof Error ? error.message : String(error) });
  }
  for (const key of [`why.${error.reason}`, `why.${error.code}`]) {
    if (isTextKey(key)) return say(key);
  }
  if (error.reason === 'track_muted') return say('notice.mutedByModerator');
  if (error.reason === 'room_forbidden') return say('notice.noRight');
  // The server's own sentence says what to do, too.
  return error.message || say('notice.failed', { reason: error.code });
}

/** Why a device can't be used. `device` is its kind in the page's words. */
export function sayDeviceProblem(error: unknown, device: string, say: Say): string {
  const reason = error instanceof RoomError ? (error.reason ?? error.code) : String(error);
  const key = `device.${reason}`;
  return isTextKey(key) ? say(key, { device }) : say('device.other', { device, reason });
}
