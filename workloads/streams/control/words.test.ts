import { systemClock } from '@backlot/contract';
import { createLocalFabric } from '@backlot/control/fabric/local-fabric';
import type { Kernel } from '@backlot/control/workload';
import pino from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { sessionEndReason } from '../contract.ts';
import { StreamerSockets } from './instances/streamer-sockets.ts';
import type { PlayerConnection } from './ports.ts';
import { Hub, type Member } from './sessions/hub.ts';
import { Words } from './words.ts';

/** Two control processes that share nothing but the fabric. */
const log = pino({ level: 'silent' });
const fabric = () => createLocalFabric({ log, clock: systemClock });
let shared: ReturnType<typeof fabric>;
let here: ReturnType<typeof process>;
let there: ReturnType<typeof process>;

function process() {
  const hub = new Hub(log);
  const streamers = new StreamerSockets();
  const forgotten: string[] = [];
  const signalling = () => ({
    hasStreamer: () => false,
    forgetPlayers: (instanceId: string, ids: readonly string[]) => {
      forgotten.push(`${instanceId}: ${ids.join(', ')}`);
    },
  });
  const words = new Words({ fabric: shared } as Kernel, { hub, streamers, signalling });
  words.start();
  return { hub, streamers, words, forgotten };
}

function join(hub: Hub, playerId: string, role: Member['role']) {
  const connection = {
    notify: vi.fn<PlayerConnection['notify']>(),
    close: vi.fn<PlayerConnection['close']>(),
  };
  const member: Member = { sessionId: 's', playerId, role, subject: '', connection };
  hub.add(member);
  return { member, connection };
}

beforeEach(() => {
  shared = fabric();
  here = process();
  there = process();
});
afterEach(async () => {
  here.words.close();
  there.words.close();
  await shared.close();
});

it('reach whoever is connected to another process, once', async () => {
  const far = join(there.hub, '7', 'viewer');
  const near = join(here.hub, '8', 'controller');
  const update = { kind: 'warning', why: 'limit', endsInMs: 60_000 } as const;
  here.words.say({ kind: 'notify', sessionId: 's', update });
  await vi.waitFor(() => expect(far.connection.notify).toHaveBeenCalledWith(update), 20_000);
  expect(near.connection.notify.mock.calls).toEqual([[update]]);

  here.words.say({ kind: 'control', sessionId: 's', playerId: '7' });
  await vi.waitFor(() => expect(far.member.role).toBe('controller'), 20_000);
  expect(near.member.role).toBe('viewer');

  here.words.say({ kind: 'forget', instanceId: 'i', playerIds: ['7', '8'] });
  await vi.waitFor(() => expect(there.forgotten).toEqual(['i: 7, 8']), 20_000);

  const end = { reason: 'idle', sentence: sessionEndReason('idle') } as const;
  there.words.say({ kind: 'end', sessionId: 's', end });
  await vi.waitFor(() => expect(near.connection.close).toHaveBeenCalledWith(end), 20_000);
  expect(here.hub.has('s') || there.hub.has('s')).toBe(false);
});

it('end the streamer of an instance wherever it is connected', async () => {
  const close = vi.fn();
  there.streamers.put('i', { close });
  here.words.say({ kind: 'instance-over', instanceId: 'i' });
  await vi.waitFor(() => expect(close).toHaveBeenCalledWith('ended'), 20_000);
});

it('that nobody understands are passed over', async () => {
  const far = join(there.hub, '7', 'viewer');
  for (const message of [null, 'x', {}, { from: 'a', word: null }, { from: 'a', word: { kind: 'other' } }])
    shared.publish('streams.words', message);
  here.words.say({ kind: 'notify', sessionId: 's', update: { kind: 'unready' } });
  await vi.waitFor(() => expect(far.connection.notify).toHaveBeenCalledTimes(1), 20_000);
});
