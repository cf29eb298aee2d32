import { newId } from '@backlot/contract/id';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { type LinkControl, startLinkControl } from '@backlot/testkit/link-control';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { inventory, type LinkNode, startLinkNode, until } from './link-node.ts';

let database: TestDatabase;
let control: LinkControl;
const nodes: LinkNode[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  control = await startLinkControl({ database, settings: { heartbeatMs: 200, leaseMs: 1_000, flushMs: 20 } });
});
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.close()));
  await control.close();
});

async function join(): Promise<LinkNode> {
  const node = await startLinkNode({ url: control.url, joinToken: await control.joinToken() });
  nodes.push(node);
  await until('the node is signed in', () => node.welcomes.length > 0);
  return node;
}
const row = (id: string) =>
  database.db.selectFrom('node').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const idOf = (node: LinkNode) => node.identity.nodeId ?? '';

describe('signing in', () => {
  it('takes a new machine from join token to ready, in one epoch', async () => {
    const node = await join();
    expect(node.welcomes[0]).toMatchObject({ epoch: 1, protocol: 1, heartbeatMs: 200, leaseMs: 1_000 });
    expect(await row(idOf(node))).toMatchObject({ state: 'ready', epoch: 1 });
    expect(control.events.map((event) => event.kind)).toEqual(['node.joined', 'node.ready']);
    expect(control.links.directory.connected(idOf(node))).toBe(true);
  });

  it('spends a join token once, however many machines use it at the same moment', async () => {
    const joinToken = await control.joinToken(3);
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => startLinkNode({ url: control.url, joinToken })),
    );
    const joined = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value);
    nodes.push(...joined);
    expect(joined.length).toBe(3);
    expect(new Set(joined.map(idOf)).size).toBe(3);
    expect(new Set(joined.map((node) => node.identity.name)).size).toBe(3);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'join_token_invalid' });
    }
  });

  it('gives the newer of two connections the place of the older', async () => {
    const first = await join();
    const second = await first.again();
    nodes.push(second);
    await until('the newer one is signed in', () => second.welcomes.length > 0);
    await until('the older one is down', () => first.downs() > 0);
    expect(second.client.connected).toBe(true);
    expect(control.links.directory.size).toBe(1);
  });

  it('refuses a signature by another key and says so once and for all', async () => {
    const honest = await join();
    const thief = await startLinkNode({ url: control.url, joinToken: await control.joinToken() });
    nodes.push(thief);
    await until('it is signed in as itself', () => thief.welcomes.length > 0);
    thief.client.close();
    await thief.identity.joined(idOf(honest), 'thief');
    const again = await thief.again();
    nodes.push(again);
    await until('it is refused', () => again.refusals.length > 0);
    expect(again.refusals[0]?.code).toBe('link_proof_invalid');
    expect(honest.client.connected).toBe(true);
  });

  it('begins a new epoch after lost, and refuses a copy that still claims the old one', async () => {
    const node = await join();
    const id = idOf(node);
    node.client.send('inventory', inventory());
    await until('the epoch is confirmed', async () => (await row(id)).boot_id !== null);
    node.client.close();
    await until('the link is closed', () => !control.links.directory.connected(id));
    await database.db.updateTable('node').set({ state: 'lost' }).where('id', '=', id).execute();

    const back = await node.again();
    nodes.push(back);
    await until('it is back', () => back.welcomes.length > 0);
    expect(back.welcomes[0]?.epoch).toBe(2);
    back.client.send('inventory', inventory());
    await until('the epoch is confirmed', async () => (await row(id)).boot_id !== null);

    await back.identity.setEpoch(1);
    const copy = await back.again();
    nodes.push(copy);
    await until('the copy is refused', () => copy.refusals.length > 0);
    expect(copy.refusals[0]?.code).toBe('node_epoch_stale');
    expect(control.audit.map((record) => record.action)).toContain('node.return');
  });

  it('turns a removed node away', async () => {
    const node = await join();
    await control.registry.remove(idOf(node), {
      kind: 'system',
      id: null,
      name: 'test',
      grants: [],
      scopes: ['*'],
      language: 'en',
    });
    control.links.disconnect(idOf(node), 4002, 'node_removed');
    const again = await node.again();
    nodes.push(again);
    await until('it is refused', () => again.refusals.length > 0);
    expect(again.refusals[0]?.code).toBe('node_removed');
    expect(control.lost).toEqual([idOf(node)]);
  });
});

describe('leases', () => {
  it('renews a lease by heartbeats, gives it up without them, and takes it up again', async () => {
    const node = await join();
    const id = idOf(node);
    const lease = async () =>
      (
        await database.db
          .selectFrom('node_lease')
          .selectAll()
          .where('node_id', '=', id)
          .executeTakeFirstOrThrow()
      ).lease_until.getTime();
    const before = await lease();
    const heartbeat = { inventoryHash: 'x', allocations: [] };
    node.client.send('heartbeat', heartbeat);
    await until('the lease is renewed', async () => (await lease()) > before);
    await until('the node hears of it', () => node.messages.some(({ t }) => t === 'heartbeat-ack'));

    await control.sweep.sweep(); // the first gives grace
    await database.db
      .updateTable('node_lease')
      .set({ lease_until: new Date(0) })
      .where('node_id', '=', id)
      .execute();
    await control.sweep.sweep();
    expect((await row(id)).state).toBe('unreachable');
    expect(control.unreachable).toEqual([id]);

    node.client.send('heartbeat', heartbeat);
    await until('it is ready again', async () => (await row(id)).state === 'ready');
    expect((await row(id)).epoch).toBe(1);
    expect(node.downs()).toBe(0);
  });

  it('gives a node up after the longest of its pool’s limits, and makes it sign in anew', async () => {
    const node = await join();
    const id = idOf(node);
    await control.sweep.sweep();
    const past = new Date(Date.now() - 500_000);
    await database.db
      .updateTable('node')
      .set({ state: 'unreachable', unreachable_since: past })
      .where('id', '=', id)
      .execute();
    await control.sweep.sweep();
    expect((await row(id)).state).toBe('unreachable'); // live work waits 10 minutes
    await database.db
      .updateTable('node')
      .set({ unreachable_since: new Date(Date.now() - 700_000) })
      .where('id', '=', id)
      .execute();
    await control.sweep.sweep();
    expect((await row(id)).state).toBe('lost');
    expect(control.lost).toEqual([id]);

    node.client.send('heartbeat', { inventoryHash: 'x', allocations: [] });
    await until('it has signed in anew', () => node.welcomes.length === 2);
    expect(node.welcomes[1]?.epoch).toBe(2);
  });

  it('calls nothing unreachable right after a start', async () => {
    const node = await join();
    node.client.close();
    await database.db
      .updateTable('node_lease')
      .set({ lease_until: new Date(0) })
      .execute();
    await control.sweep.sweep();
    await control.sweep.sweep();
    expect((await row(idOf(node))).state).toBe('ready');
  });
});

describe('inventory', () => {
  it('becomes totals once, and a machine that shrinks keeps what is held until it is freed', async () => {
    const node = await join();
    const id = idOf(node);
    const first = inventory({ labels: { zone: 'a' } });
    node.client.send('inventory', first);
    node.client.send('inventory', first);
    await until('it is stored', async () => (await row(id)).inventory_hash === first.hash);
    expect((await row(id)).labels).toEqual({ zone: 'a' });
    expect(control.events.filter((event) => event.kind === 'node.inventory').length).toBe(1);

    await database.db
      .updateTable('node_usage')
      .set({ cpu_used: 6, memory_used: 12e9 })
      .where('node_id', '=', id)
      .execute();
    const small = inventory({
      capacity: { cpu: 4, memory: 8e9, disk: 100e9, gpus: [], packets: 0 },
    });
    node.client.send('inventory', small);
    await until('it is stored', async () => (await row(id)).inventory_hash === small.hash);
    const usage = () =>
      database.db.selectFrom('node_usage').selectAll().where('node_id', '=', id).executeTakeFirstOrThrow();
    expect(await usage()).toMatchObject({ cpu_total: 6, memory_total: 12e9 });
    expect(control.events.at(-1)?.body).toMatchObject({ short: ['cpu', 'memory'] });
  });
});

describe('messages', () => {
  it('acknowledges reports, and calls go both ways with answers and deadlines', async () => {
    const node = await startLinkNode({
      url: control.url,
      joinToken: await control.joinToken(),
      onMessage(client, message) {
        if (message.t !== 'call' || message.b.method === 'test.silent') return;
        client.send('result', { payload: { echo: message.b.payload } }, { re: message.id });
      },
    });
    nodes.push(node);
    await until('signed in', () => node.welcomes.length > 0);
    const ref = { allocation: newId(), fence: 7 };
    const report = { ...ref, seq: 1, state: 'running' as const, outputs: [] };
    const first = await node.client.request('state', report, { timeoutMs: 5_000 });
    const second = await node.client.request('state', report, { timeoutMs: 5_000 });
    expect([first.b, second.b]).toMatchObject([{ verdict: 'applied' }, { verdict: 'duplicate' }]);

    const call = { allocation: ref.allocation, method: 'test.echo', payload: 'hi', deadlineMs: 5_000 };
    expect(await control.links.call(idOf(node), call)).toEqual({ echo: 'hi' });
    await expect(
      control.links.call(idOf(node), { ...call, method: 'test.silent', deadlineMs: 100 }),
    ).rejects.toMatchObject({ code: 'timed_out' });

    control.links.calls.on('test.', async (_nodeId, { payload }) => ({ answered: payload }));
    const answer = await node.client.request('call', call, { timeoutMs: 5_000 });
    expect(answer.b).toEqual({ payload: { answered: 'hi' } });
    await expect(
      node.client.request('call', { ...call, method: 'nobody.here' }, { timeoutMs: 5_000 }),
    ).rejects.toMatchObject({ code: 'call_failed' });
  });
});
