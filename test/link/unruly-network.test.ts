import { newId } from '@backlot/contract/id';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { type LinkControl, startLinkControl } from '@backlot/testkit/link-control';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { inventory, type LinkNode, startLinkNode, until } from './link-node.ts';
import { startPlainHttpProxy, startRepeatingProxy, startTcpProxy } from './unruly-proxy.ts';

let database: TestDatabase;
let control: LinkControl;
const settings = { heartbeatMs: 3_000, leaseMs: 2_000, flushMs: 20, goawaySpreadMs: 500 };
const undo: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  control = await startLinkControl({ database, settings });
});
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
  await control.close();
});

async function join(url: string): Promise<LinkNode> {
  const node = await startLinkNode({ url, joinToken: await control.joinToken() });
  undo.push(() => node.close());
  await until('the node is signed in', () => node.welcomes.length > 0, 30_000);
  return node;
}
const report = (seq: number, allocation: string) => ({
  allocation,
  fence: 1,
  seq,
  state: 'running' as const,
  outputs: [],
});

describe('a network that cuts', () => {
  it('costs a moment: the node signs in again by itself, and says the same again without harm', async () => {
    const proxy = await startTcpProxy(control.url);
    undo.push(() => proxy.close());
    const node = await join(proxy.url);
    const allocation = newId();
    for (let seq = 1; seq <= 5; seq += 1) {
      const welcomes = node.welcomes.length;
      proxy.cut();
      await until('it is signed in again', () => node.welcomes.length > welcomes && node.client.connected);
      for (const again of [1, 2]) {
        const answer = await node.client.request('state', report(seq, allocation), { timeoutMs: 10_000 });
        expect(answer.b).toMatchObject({ verdict: again === 1 ? 'applied' : 'duplicate' });
      }
    }
    expect(control.reports.filter((one) => one.allocation === allocation).length).toBe(5);
    expect(new Set(node.welcomes.map(({ epoch }) => epoch))).toEqual(new Set([1]));
    expect(control.links.directory.size).toBe(1);
  });

  it('that holds everything back: the node notices, and takes the first way that is open', async () => {
    await control.close();
    control = await startLinkControl({ database, settings: { ...settings, heartbeatMs: 200 } });
    const proxy = await startTcpProxy(control.url);
    undo.push(() => proxy.close());
    const node = await join(proxy.url);
    proxy.mode = 'hold';
    await until('it has given the silent link up', () => node.downs() > 0, 20_000);
    proxy.mode = 'refuse';
    proxy.cut();
    proxy.mode = 'pass';
    await until('it is back', () => node.client.connected && node.welcomes.length > 1);
  });

  it('answers a request that can’t be sent or is never answered with an error, in time', async () => {
    const proxy = await startTcpProxy(control.url);
    undo.push(() => proxy.close());
    const node = await join(proxy.url);
    proxy.mode = 'hold';
    await expect(node.client.request('state', report(1, newId()), { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'timed_out',
    });
    proxy.mode = 'refuse';
    proxy.cut();
    await until('it is down', () => !node.client.connected);
    await expect(
      node.client.request('state', report(1, newId()), { timeoutMs: 5_000 }),
    ).rejects.toMatchObject({ code: 'node_not_connected' });
  });
});

describe('a network that repeats and delays every message', () => {
  it('changes nothing: reports are applied once, in order', async () => {
    const proxy = await startRepeatingProxy(control.url, () => Math.random() * 60);
    undo.push(() => proxy.close());
    // Joining goes by HTTP, which this proxy does not carry; so a node that has joined moves behind it.
    const joined = await join(control.url);
    joined.client.close();
    const node = await joined.again(proxy.url);
    undo.push(() => node.close());
    await until('it is signed in', () => node.welcomes.length > 0);
    const allocation = newId();
    for (let seq = 1; seq <= 30; seq += 1) {
      const answer = await node.client.request('state', report(seq, allocation), { timeoutMs: 10_000 });
      expect(answer.b).toMatchObject({ seq });
    }
    const applied = control.reports.filter((one) => one.allocation === allocation);
    expect(applied.map(({ seq }) => seq)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    expect(node.client.connected).toBe(true);
    expect(node.downs()).toBe(0);
  });
});

describe('a network without WebSockets', () => {
  it('is passed by polling, with calls both ways and no message lost', { timeout: 180_000 }, async () => {
    const proxy = await startPlainHttpProxy(control.url);
    undo.push(() => proxy.close());
    const node = await startLinkNode({
      url: proxy.url,
      joinToken: await control.joinToken(),
      onMessage(client, message) {
        if (message.t === 'call') client.send('result', { payload: message.b.payload }, { re: message.id });
      },
    });
    undo.push(() => node.close());
    await until('it is signed in', () => node.welcomes.length > 0, 30_000);
    expect(node.client.transport).toBe('poll');
    const id = node.identity.nodeId ?? '';
    node.client.send('inventory', inventory());
    const allocation = newId();
    for (let seq = 1; seq <= 20; seq += 1) {
      const answer = await node.client.request('state', report(seq, allocation), { timeoutMs: 10_000 });
      expect(answer.b).toMatchObject({ seq, verdict: 'applied' });
    }
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        control.links.call(id, { allocation, method: 'test.echo', payload: n, deadlineMs: 10_000 }),
      ),
    );
    expect(answers).toEqual(Array.from({ length: 20 }, (_, n) => n));
    node.client.send('heartbeat', { inventoryHash: 'x', allocations: [] });
    await until('its lease is renewed', () => node.messages.some(({ t }) => t === 'heartbeat-ack'));
  });
});

describe('a control plane that restarts', () => {
  it('has 50 nodes back, each in its epoch and only once', { timeout: 90_000 }, async () => {
    const token = await control.joinToken(50);
    const nodes = await Promise.all(
      Array.from({ length: 50 }, () => startLinkNode({ url: control.url, joinToken: token })),
    );
    undo.push(() => Promise.all(nodes.map((node) => node.close())));
    await until('all are signed in', () => control.links.directory.size === 50, 30_000);
    const { port } = control;
    await control.close();
    await until('all have noticed', () => nodes.every((node) => !node.client.connected));
    control = await startLinkControl({ database, settings, port });
    // The server counts a node a moment before the node has read its welcome.
    await until(
      'all are back and know it',
      () => control.links.directory.size === 50 && nodes.every(({ welcomes }) => welcomes.length > 1),
      30_000,
    );
    expect(nodes.map((node) => node.welcomes.map(({ epoch }) => epoch))).toEqual(nodes.map(() => [1, 1]));
    expect(control.events.filter(({ kind }) => kind === 'node.lost' || kind === 'node.unreachable')).toEqual(
      [],
    );
  });
});
