import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import type { GatewayRow } from '../tables.ts';
import type { SocketParts } from './forward-socket.ts';
import { postEvent } from './post-event.ts';
import { ReverseSocket } from './reverse-socket.ts';

const closed = { allowLoopback: false, allowPrivateNetworks: false };

it('posts an event to no address that is not allowed, and reads no answer without an end', async () => {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    heard.push(request.url ?? '');
    response.end('x'.repeat(2_000));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const post = (host: string, policy = closed, mostAnswered = 4_000) =>
    postEvent(
      { url: `http://${host}:${port}/${host}`, token: 's', body: '{}', mostAnswered },
      policy,
      AbortSignal.timeout(20_000),
    );
  await expect(post('127.0.0.1')).rejects.toThrow();
  await expect(post('localhost')).rejects.toThrow();
  expect(heard).toEqual([]);
  const open = { ...closed, allowLoopback: true };
  expect(await post('127.0.0.1', open)).toMatchObject({ status: 200 });
  await expect(post('127.0.0.1', open, 1_000)).rejects.toThrow('too long');
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

it('dials no socket that is not allowed any more, and tries again later', async () => {
  const heard: string[] = [];
  const server = createServer();
  server.on('upgrade', (request, socket) => {
    heard.push(request.url ?? '');
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  let policy = closed;
  const query = {
    select: () => query,
    where: () => query,
    executeTakeFirst: () => Promise.resolve({ value: policy }),
  };
  for (const [host, allowed] of [
    ['127.0.0.1', false],
    ['localhost', false],
    ['127.0.0.1', true],
  ] as const) {
    policy = { ...closed, allowLoopback: allowed };
    let link: ReverseSocket | undefined;
    await new Promise<void>((resolve) => {
      // Of the kernel a socket needs a setting, a clock and a log; the clock says here that it wants to dial again.
      const after = () => {
        resolve();
        return () => {};
      };
      const log = { warn() {}, debug() {} };
      const parts = {
        kernel: { db: { selectFrom: () => query }, clock: { after }, log },
        feed: { listen: () => () => {} },
      } as unknown as SocketParts;
      link = new ReverseSocket(parts, {} as GatewayRow, { url: `ws://${host}:${port}/${host}` });
      link.start();
    });
    await link?.close();
    expect(heard).toEqual(allowed ? ['/127.0.0.1'] : []);
  }
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
