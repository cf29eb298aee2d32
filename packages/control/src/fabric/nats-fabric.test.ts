import { describeFabric } from '@backlot/testkit/fabric-contract';
import { type NatsServer, startNatsServer } from '@backlot/testkit/nats-server';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Fabric } from '../kernel.ts';
import { natsAddress } from './nats-address.ts';
import { createNatsFabric } from './nats-fabric.ts';

const log = pino({ level: 'silent' });
let server: NatsServer;
beforeAll(async () => {
  server = await startNatsServer();
});
afterAll(() => server.close());

let pairs = 0;

/** Two replicas that have reached the server, on subjects of their own. */
async function openPair() {
  pairs += 1;
  const open = () => createNatsFabric({ url: server.url, prefix: `test-${pairs}`, log });
  const [here, there] = [open(), open()];
  await Promise.all([meet(here, there), meet(there, here)]);
  // The server takes the words of a connection in order: who is heard has been told before of what it subscribed to.
  return {
    here,
    there,
    settle: async () => void (await Promise.all([meet(here, there), meet(there, here)])),
  };
}

/** Until one hears the other. */
async function meet(speaker: Fabric, listener: Fabric): Promise<void> {
  const word = `meet.${crypto.randomUUID()}`;
  const heard = vi.fn();
  const stop = listener.subscribe(word, heard);
  try {
    await vi.waitFor(
      () => {
        speaker.publish(word, null);
        expect(heard).toHaveBeenCalled();
      },
      { timeout: 60_000, interval: 10 },
    );
  } finally {
    stop();
  }
}

describeFabric('NATS', openPair);

describe('the fabric by NATS', () => {
  it('goes on alone while the server is away, and finds the others again when it is back', async () => {
    const { here, there } = await openPair();
    const reached = vi.fn();
    const third = createNatsFabric({ url: server.url, prefix: `test-${pairs}`, log, onReach: reached });
    try {
      there.serve('far', async () => 'far');
      here.serve('near', async () => 'near');
      await vi.waitFor(
        async () => expect(await here.request('far', 0, { timeoutMs: 2_000 })).toBe('far'),
        20_000,
      );
      await vi.waitFor(() => expect(reached).toHaveBeenLastCalledWith(true), 20_000);

      await server.kill();
      await vi.waitFor(() => expect(reached).toHaveBeenLastCalledWith(false), 20_000);
      const own = vi.fn();
      here.subscribe('word', own);
      here.publish('word', 1);
      await vi.waitFor(() => expect(own).toHaveBeenCalledTimes(1), 20_000);
      expect(await here.request('near', 0, { timeoutMs: 2_000 })).toBe('near');
      await vi.waitFor(
        () =>
          expect(here.request('far', 0, { timeoutMs: 2_000 })).rejects.toMatchObject({
            code: 'fabric_no_responder',
          }),
        20_000,
      );

      await server.start();
      await vi.waitFor(() => expect(reached).toHaveBeenLastCalledWith(true), 30_000);
      await vi.waitFor(
        async () => expect(await here.request('far', 0, { timeoutMs: 2_000 })).toBe('far'),
        30_000,
      );
      // Subscribed while there was no server to tell.
      await meet(there, here);
      there.publish('word', 2);
      await vi.waitFor(() => expect(own).toHaveBeenCalledTimes(2), 20_000);
    } finally {
      await Promise.all([here.close(), there.close(), third.close()]);
    }
  });

  it('opens, serves and closes without any server', async () => {
    const alone = createNatsFabric({ url: 'nats://127.0.0.1:1', log });
    alone.serve('sum', async () => 3);
    expect(await alone.request('sum', null, { timeoutMs: 1_000 })).toBe(3);
    await expect(alone.request('other', null, { timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'fabric_no_responder',
    });
    await alone.close();
    await alone.close();
  });

  it('does not hear installations with another prefix', async () => {
    const { here, there } = await openPair();
    const stranger = createNatsFabric({ url: server.url, prefix: 'elsewhere', log });
    try {
      const heard = vi.fn();
      stranger.subscribe('>', heard);
      await vi.waitFor(async () => {
        stranger.publish('own', 1);
        expect(heard).toHaveBeenCalledWith(1, 'own');
      }, 90_000);
      heard.mockClear();
      here.publish('jobs.changed', 1);
      await meet(here, there);
      expect(heard).not.toHaveBeenCalled();
    } finally {
      await Promise.all([here.close(), there.close(), stranger.close()]);
    }
  });

  it('drops what the server would not carry, and goes on', async () => {
    const { here, there } = await openPair();
    try {
      const heard = vi.fn();
      there.subscribe('big', heard);
      await meet(here, there);
      here.publish('big', 'x'.repeat(2_000_000));
      here.publish('big', 'small');
      await vi.waitFor(() => expect(heard).toHaveBeenCalledWith('small', 'big'), 20_000);
      expect(heard).toHaveBeenCalledTimes(1);
    } finally {
      await Promise.all([here.close(), there.close()]);
    }
  });
});

describe('the address of a NATS server', () => {
  it.each([
    ['nats://10.0.0.1', { servers: ['10.0.0.1:4222'] }],
    ['nats://a:5222, nats://b', { servers: ['a:5222', 'b:4222'] }],
    ['nats://ada:p%40ss@a', { servers: ['a:4222'], user: 'ada', pass: 'p@ss' }],
    ['nats://s3cr3t@a', { servers: ['a:4222'], token: 's3cr3t' }],
    ['tls://a', { servers: ['a:4222'], tls: {} }],
    ['nats://[::1]:4333', { servers: ['[::1]:4333'] }],
  ])('%s', (url, expected) => {
    expect(natsAddress(url)).toEqual(expected);
  });
});
