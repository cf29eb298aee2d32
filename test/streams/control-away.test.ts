import type { SessionPlayer } from '@backlot/streams/testing/session-player';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Studio, startStudio } from '../system/studio.ts';
import { waitUntil } from '../system/wait-until.ts';
import {
  createDemoApp,
  nodesOf,
  openAndSee,
  openInstances,
  sessionOf,
  waitForStreamsNode,
} from './streams.ts';

/**
 * A control plane that is silent for longer than a node's work of this kind is given time when the *node* is silent: nobody
 * can have given the sessions to others meanwhile, and nobody who plays may notice it in the picture.
 */
const awayMs = 75_000;

let studio: Studio;
let players: SessionPlayer[] = [];
beforeAll(async () => {
  studio = await startStudio();
  await waitForStreamsNode(studio);
});
afterAll(async () => {
  for (const player of players) player.close();
  const { leftovers } = await studio.close();
  expect(leftovers).toEqual([]);
});

it(`plays on over ${awayMs / 1_000} s without a control plane, and is the same session afterwards`, async () => {
  const app = await createDemoApp(studio, 'away');
  players = [await openAndSee(studio, 'away'), await openAndSee(studio, 'away')];
  const ids = players.map(({ sessionId }) => sessionId ?? '');
  const states = async () => (await Promise.all(ids.map((id) => sessionOf(studio, id)))).map((s) => s.state);
  await waitUntil('both play', async () => (await states()).every((state) => state === 'active'));
  const before = await openInstances(studio, app);

  const control = await waitUntil('the control plane runs', async () => (await studio.pids()).control);
  process.kill(control, 'SIGSTOP');
  const numbers = players.map(({ frameNumber }) => frameNumber ?? 0);
  await new Promise((resolve) => setTimeout(resolve, awayMs));
  for (const [n, player] of players.entries()) {
    expect(player.state).toBe('connected');
    await waitUntil('its picture goes on', () => (player.frameNumber ?? 0) > (numbers[n] ?? 0) + 10);
  }
  process.kill(control, 'SIGCONT');

  await waitUntil(
    'the node is back',
    async () => (await nodesOf(studio)).every(({ state }) => state === 'ready'),
    { limitMs: 180_000 },
  );
  await waitUntil('everybody has a socket', () => players.every((player) => !player.socketClosed));
  // What the node has to tell has been taken in when its next work runs.
  players.push(await openAndSee(studio, 'away'));
  expect(await states()).toEqual(['active', 'active']);
  for (const player of players.slice(0, 2)) {
    expect([player.ended, player.restarted, player.state]).toEqual([undefined, false, 'connected']);
    const number = player.frameNumber ?? 0;
    await waitUntil('its picture goes on', () => (player.frameNumber ?? 0) > number + 10);
  }
  const open = new Set((await openInstances(studio, app)).map(({ allocationId }) => allocationId));
  for (const { allocationId } of before) expect(open).toContain(allocationId);
}, 600_000);
