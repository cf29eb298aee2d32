import { afterEach, expect, it, vi } from 'vitest';
import { credentialSeconds, peerConnectionOptions } from '../control/turn/peer-options.ts';
import { hasCoturn, startCoturn } from '../testing/coturn.ts';
import { joinHeadless } from '../testing/headless-player.ts';
import { type SignallingHouse, startSignalling } from '../testing/signalling-house.ts';
import { stubbornEngine } from '../testing/stubborn-engine.ts';

let house: SignallingHouse | undefined;
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
  await house?.close();
});

async function watchThrough(secret: string) {
  const coturn = await startCoturn();
  undo.push(() => coturn.close());
  const turn = { urls: coturn.urls, secret };
  const started = await startSignalling({
    // The app's switch: the page may use nothing but the relay.
    peerOptions: ({ side, user }) =>
      peerConnectionOptions({
        turn,
        user,
        relayOnly: side === 'player',
        ttlSeconds: credentialSeconds,
        now: Date.now(),
      }),
  });
  house = started;
  stubbornEngine(await started.stage('i1'), undo as (() => void)[]);
  started.rooms.tickets.set('p1', { instance: 'i1' });
  const player = joinHeadless(`${started.base}/signal/player/demo?ticket=p1`);
  undo.push(() => player.close());
  return { coturn, player, playerId: () => started.rooms.seen[0]?.attached.playerId };
}

it.skipIf(!hasCoturn)(
  'a relay-only app is seen through coturn, with credentials of that player’s session',
  async () => {
    const { coturn, player, playerId } = await watchThrough('the-secret-of-tests');
    await vi.waitFor(() => expect(player.frames).toBeGreaterThan(20), 30_000);
    await vi.waitFor(() => expect(player.channelOpen).toBe(true), 30_000);
    expect(coturn.log()).toMatch(new RegExp(`user <\\d{10}:${playerId()}>.*ALLOCATE processed, success`));
  },
  60_000,
);

it.skipIf(!hasCoturn)(
  'and is not seen at all with a secret that the server does not know: nothing goes another way',
  async () => {
    const { coturn, player } = await watchThrough('another-secret');
    await vi.waitFor(() => expect(coturn.log()).toMatch(/error 401: Unauthorized|check_stun_auth/), 30_000);
    await vi.waitFor(() => expect(['failed', 'connecting', 'new']).toContain(player.state), 30_000);
    expect(coturn.log()).not.toMatch(/ALLOCATE processed, success/);
    expect(player.frames).toBe(0);
  },
  60_000,
);
