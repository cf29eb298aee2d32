import { expect, it } from 'vitest';
import { newSessionId, readRoomsSettings } from './settings.ts';

it.each([
  [{}, false, false],
  [{}, true, true],
  [{ BACKLOT_ROOMS_OPEN: '1' }, false, true],
  [{ BACKLOT_ROOMS_OPEN: 'on' }, false, true],
  [{ BACKLOT_ROOMS_OPEN: '0' }, true, false],
  [{ BACKLOT_ROOMS_OPEN: '' }, true, true],
])('rooms are open to anybody with %j in an installation whose open mode is %s: %s', (env, mode, open) => {
  expect(readRoomsSettings(env, mode).open).toBe(open);
});

it('without a secret nobody may impair a network', () => {
  expect(readRoomsSettings({}).throttleSecret).toBeNull();
  expect(readRoomsSettings({ BACKLOT_ROOMS_THROTTLE_SECRET: ' ' }).throttleSecret).toBeNull();
  expect(readRoomsSettings({ NETWORK_THROTTLE_SECRET: 'x' }).throttleSecret).toBe('x');
});

it('ids of sessions are long and never the same', () => {
  const ids = Array.from({ length: 100 }, newSessionId);
  expect(new Set(ids).size).toBe(100);
  expect(Math.min(...ids.map((id) => id.length))).toBeGreaterThanOrEqual(43);
});
