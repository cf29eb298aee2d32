import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { FlowDetail, Page } from '@backlot/contract';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { DeliveryTarget, Subscription } from '../contract.ts';
import { type DeliveryHouse, openDeliveryHouse } from '../testing/delivery-house.ts';

/** `backlot targets` against a control plane, as a person types it. */
let house: DeliveryHouse;
beforeAll(async () => {
  house = await openDeliveryHouse();
}, 180_000);
afterAll(() => house?.close(), 60_000);

const entry = resolve(import.meta.dirname, '../../../packages/cli/bin/backlot.mjs');
function backlot(args: readonly string[], more: Record<string, string> = {}) {
  const env = {
    PATH: process.env.PATH,
    HOME: house.folder,
    BACKLOT_URL: house.control.url,
    BACKLOT_TOKEN: 'the-administration-token-of-tests',
    ...more,
  };
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((done) => {
    const child = execFile(
      process.execPath,
      [entry, 'targets', ...args],
      { env, timeout: 120_000 },
      (_error, stdout, stderr) => done({ code: child.exitCode, stdout, stderr }),
    );
  });
}
async function target(name: string): Promise<DeliveryTarget | undefined> {
  const page = await house.api.transport.call(
    'GET',
    '/api/v1/delivery-targets?limit=100',
    Page(DeliveryTarget),
  );
  return page.items.find((one) => one.name === name);
}

describe('backlot targets', { timeout: 180_000 }, () => {
  it('takes each setting as its kind wants it, and names what there is when there is no such', async () => {
    const made = await backlot(
      ['add', 'crew', 'telegram', '--set', 'chatId=-1001234', '--secret-env', 'token=BOT'],
      { BOT: '123456:abcdefghijklmnopqrstuvwxyzABCDEFGHI' },
    );
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(await target('crew')).toMatchObject({ settings: { chatId: '-1001234' }, secretNames: ['token'] });
    const wrong = await backlot(['change', 'crew', '--set', 'chat=1']);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('chatId') });
  });

  it('sets limits, and takes an optional secret away', async () => {
    const url = 'http://127.0.0.1:9/dav/';
    const secrets = ['--secret-env', 'token=T', '--secret-env', 'password=P'];
    const env = { T: 't', P: 'p' };
    expect(await backlot(['add', 'dav', 'webdav', '--set', `url=${url}`, ...secrets], env)).toMatchObject({
      code: 0,
    });
    expect(await backlot(['change', 'dav', '--bandwidth', '20M', '--parallel', '3'])).toMatchObject({
      code: 0,
    });
    expect(await target('dav')).toMatchObject({ limits: { bytesPerSecond: 20_000_000, parallel: 3 } });
    await backlot(['change', 'dav', '--bandwidth', 'none', '--drop-secret', 'token']);
    expect(await target('dav')).toMatchObject({
      limits: { bytesPerSecond: null, parallel: 3 },
      secretNames: ['password'],
    });
    expect(await backlot(['change', 'dav', '--bandwidth', 'much'])).toMatchObject({ code: 2 });
    expect(await backlot(['remove', 'dav'])).toMatchObject({ code: 0, stdout: 'dav\n', stderr: '' });
    expect(await target('dav')).toBeUndefined();
  });

  it('keeps the name that flows name it by', async () => {
    await house.flow('Tell the crew', [
      { id: 'tell', kind: 'deliveries.notify', with: { target: 'crew', text: 'Done.' } },
    ]);
    const crew = await target('crew');
    const rename = (name: string) =>
      house.api.transport.call('PATCH', `/api/v1/delivery-targets/${crew?.id}`, DeliveryTarget, {
        json: { name },
      });
    await expect(rename('team')).rejects.toMatchObject({ code: 'delivery_target_named' });
    await expect(rename('team')).rejects.toThrow('Tell the crew');
    expect(await rename('crew')).toMatchObject({ name: 'crew' });
  });

  it('is not deleted while flows name it, by its name or its id, also those that are switched off', async () => {
    const send = house.api.transport.call.bind(house.api.transport);
    const bark = await house.target({
      name: 'bark',
      kind: 'bark',
      secrets: { deviceKey: 'abcdefghijklmnop' },
    });
    const step = (ref: string) => [
      { id: 'tell', kind: 'deliveries.notify', with: { target: ref, text: 'Done.' } },
    ];
    const byName = await house.flow('Rings', step('bark'));
    const byId = await house.flow('Rings by number', step(bark.id));
    await send('PATCH', `/api/v1/flows/${byName}`, z.unknown(), { json: { enabled: false } });
    expect(await backlot(['remove', 'bark'])).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('Flows name bark: Rings, Rings by number.'),
    });
    await house.api.transport.run('DELETE', `/api/v1/flows/${byName}`);
    const remove = () => house.api.transport.run('DELETE', `/api/v1/delivery-targets/${bark.id}`);
    await expect(remove()).rejects.toMatchObject({ code: 'delivery_target_in_flows' });
    // What an older version of a flow has named is free.
    const definition = { version: 1, name: 'Rings', trigger: { kind: 'flow.manual' }, steps: step('crew') };
    await send('PUT', `/api/v1/flows/${byId}`, FlowDetail, { json: { definition } });
    await remove();
    expect(await target('bark')).toBeUndefined();
    await house.api.transport.run('DELETE', `/api/v1/flows/${byId}`);
  });

  it('is not deleted under a flow that is saved in the same moment', async () => {
    const { db } = house.control.store;
    const { id } = await house.target({
      name: 'whistle',
      kind: 'bark',
      secrets: { deviceKey: 'abcdefghijklmnop' },
    });
    /** Sessions of this database that wait for a lock. */
    const waiting = async () => {
      const { rows } = await sql<{ n: number }>`
        SELECT count(*)::int AS n FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(db);
      return rows[0]?.n;
    };
    const patience = { timeout: 90_000, interval: 50 };
    let saved: Promise<string> | undefined;
    let removed: Promise<unknown> | undefined;
    await db.transaction().execute(async (tx) => {
      // The save stands still in the middle of its transaction.
      await sql`LOCK TABLE flow_version IN SHARE MODE`.execute(tx);
      saved = house.flow('Whistles', [
        { id: 'tell', kind: 'deliveries.notify', with: { target: 'whistle', text: 'Done.' } },
      ]);
      saved.catch(() => undefined);
      await vi.waitFor(async () => expect(await waiting()).toBe(1), patience);
      removed = house.api.transport.run('DELETE', `/api/v1/delivery-targets/${id}`);
      removed.catch(() => undefined);
      await vi.waitFor(async () => expect(await waiting()).toBe(2), patience);
    });
    await expect(saved).resolves.toEqual(expect.any(String));
    await expect(removed).rejects.toMatchObject({ code: 'delivery_target_in_flows' });
  });

  it('routes events to a target, lists the routes, and takes one away by its kinds', async () => {
    const routes = async () =>
      (
        await house.api.transport.call(
          'GET',
          `/api/v1/delivery-subscriptions?targetId=${(await target('crew'))?.id}`,
          Page(Subscription),
        )
      ).items.map(({ kinds }) => kinds);
    await backlot(['route', 'crew', 'disk.low', 'recordings.stall']);
    await backlot(['route', 'crew', 'flow.run.failed', '--words', 'zh-CN']);
    expect((await backlot(['routes', 'crew'])).stdout).toMatch(/zh-CN +flow\.run\.failed/);
    expect(await backlot(['unroute', 'crew', 'disk.low'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('exactly these kinds'),
    });
    expect(await backlot(['unroute', 'crew', 'recordings.stall', 'disk.low'])).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(await routes()).toEqual([['flow.run.failed']]);
  });
});
