import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Page } from '@backlot/contract';
import { type S3Stub, startS3Stub } from '@backlot/testkit/s3-stub';
import { sql } from 'kysely';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { Delivery, DeliveryTarget, Message, Subscription, TargetTest } from '../contract.ts';
import {
  type DeliveryHouse,
  openDeliveryHouse,
  openReceiver,
  type Receiver,
} from '../testing/delivery-house.ts';

const MiB = 1024 ** 2;
const soon = { timeout: 60_000, interval: 50 };
const secret = `whsec_${randomBytes(32).toString('base64')}`;

let house: DeliveryHouse;
let stub: S3Stub;
let receiver: Receiver;
let store: DeliveryTarget;
let hook: DeliveryTarget;
beforeAll(async () => {
  [house, stub, receiver] = await Promise.all([openDeliveryHouse(), startS3Stub(), openReceiver()]);
  store = await house.target({
    name: 'archive',
    kind: 's3',
    settings: { endpoint: stub.endpoint, bucket: stub.bucket, prefix: 'live', partSize: 5 * MiB },
    secrets: { accessKey: stub.accessKey, secretKey: stub.secretKey },
  });
  hook = await house.target({
    name: 'ops',
    kind: 'webhook',
    settings: { url: receiver.url },
    secrets: { secret },
  });
});
afterAll(async () => {
  await house?.close();
  await stub?.close();
  await receiver?.close();
});

const archive = [
  {
    id: 'upload',
    kind: 'deliveries.upload',
    with: { target: 'archive', path: '{{trigger.room}}/{{trigger.title}}.mp4' },
    in: { file: 'trigger.file' },
  },
  { id: 'verify', kind: 'deliveries.verify', in: { file: 'trigger.file', copy: 'upload.copy' } },
  { id: 'clean', kind: 'flow.delete', in: { files: 'trigger.file' }, after: ['verify'] },
  {
    id: 'tell',
    kind: 'deliveries.notify',
    with: { target: 'ops', template: 'uploaded', language: 'zh-CN' },
    in: { data: 'upload.copy' },
    after: ['clean'],
  },
];
const call: DeliveryHouse['api']['transport']['call'] = (...args) => house.api.transport.call(...args);
const gone = async (id: string) => {
  const row = await house.control.store.db
    .selectFrom('artifact')
    .select('deleted_at')
    .where('id', '=', id)
    .executeTakeFirst();
  return row?.deleted_at !== null;
};
const get = (id: string) => call('GET', `/api/v1/delivery-targets/${id}`, DeliveryTarget);

describe('a target', { timeout: 120_000 }, () => {
  it('is tried for real, by a node or by a message', async () => {
    expect(await call('POST', `/api/v1/delivery-targets/${store.id}/test`, TargetTest)).toMatchObject({
      ok: true,
      fault: null,
    });
    expect(stub.objects.size).toBe(0);
    expect(await call('POST', `/api/v1/delivery-targets/${hook.id}/test`, TargetTest)).toMatchObject({
      ok: true,
    });
    expect(receiver.received).toHaveLength(1);
    expect(await get(store.id)).toMatchObject({ health: 'up', waiting: 0 });
    stub.faults.refuse = 'InvalidAccessKeyId';
    const refused = await call('POST', `/api/v1/delivery-targets/${store.id}/test`, TargetTest);
    stub.faults.refuse = null;
    expect(refused).toMatchObject({ ok: false, fault: { code: 'deliveries.refused' } });
    expect(JSON.stringify(refused)).not.toContain(stub.secretKey);
  });

  it('shows its secrets nowhere: not in answers, the database, the audit, events or files that others may read', async () => {
    const answers = JSON.stringify([
      await get(store.id),
      await call('GET', '/api/v1/delivery-targets', Page(DeliveryTarget)),
      await call('GET', '/api/v1/audit?limit=100', z.unknown()),
      await call('GET', '/api/v1/events?limit=200', z.unknown()),
      await call('GET', '/api/v1/jobs?limit=50', z.unknown()),
    ]);
    const { rows } = await sql`
      SELECT (SELECT json_agg(t) FROM delivery_target t)::text || (SELECT json_agg(t) FROM task t)::text
        || coalesce((SELECT json_agg(t) FROM task_history t)::text, '') || (SELECT json_agg(a) FROM audit a)::text AS all
    `.execute(house.control.store.db);
    for (const value of [stub.secretKey, secret]) {
      expect(answers).not.toContain(value);
      expect(JSON.stringify(rows)).not.toContain(value);
    }
    expect(answers).toContain('delivery-target.created');
    expect((await get(store.id)).secretNames).toEqual(['accessKey', 'secretKey']);
  });

  it('is refused with a sentence where it can’t be used', async () => {
    const wrong = house.target({ name: 'wrong', kind: 's3', settings: { bucket: '../x' }, secrets: {} });
    await expect(wrong).rejects.toMatchObject({ code: 'invalid_input' });
    const twice = house.target({ name: 'ops', kind: 'webhook', settings: { url: receiver.url } });
    await expect(twice).rejects.toMatchObject({ code: 'delivery_target_name_taken' });
    const metadata = house.target({
      name: 'cloud',
      kind: 'webhook',
      settings: { url: 'http://169.254.169.254/x' },
    });
    await expect(metadata).rejects.toMatchObject({ code: 'webhook_address_forbidden' });
  });
});

describe('a flow', { timeout: 180_000 }, () => {
  it('uploads, verifies, deletes only then, and tells it, whatever a title says', async () => {
    const bytes = randomBytes(11 * MiB);
    const artifact = await house.upload(bytes, 'film.mp4');
    const title = 'a"; touch x & $(id) ../..';
    const flow = await house.flow('Archive', archive);
    const run = await house.run(flow, artifact.id, { title, room: 23058 });
    const ended = await house.ended(run.id);
    expect(ended.steps.flatMap(({ failure }) => failure?.reason.message ?? [])).toEqual([]);
    expect(ended.state).toBe('succeeded');
    const [found = ''] = [...stub.objects.keys()];
    expect(found).toBe('live/23058/a＂; touch x & $(id) ..／...mp4');
    expect(stub.objects.get(found)?.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(await gone(artifact.id)).toBe(true);
    await vi.waitFor(
      () => expect(receiver.received.some(({ body }) => body.includes('已上传'))).toBe(true),
      soon,
    );
    const told = receiver.received.find(({ body }) => body.includes('已上传'));
    const verified = new StandardWebhook(secret).verify(
      told?.body ?? '',
      told?.headers as Record<string, string>,
    );
    expect(verified).toMatchObject({ type: 'deliveries.notice', data: { title: 'Archive：已上传' } });
    const { items } = await call('GET', '/api/v1/deliveries?state=done', Page(Delivery));
    expect(items.map(({ kind, size, target }) => [kind, size, target])).toEqual([
      ['verify', bytes.length, 'archive'],
      ['upload', bytes.length, 'archive'],
    ]);
    const byName = await call('GET', '/api/v1/deliveries?state=done&target=archive', Page(Delivery));
    expect(byName.items).toEqual(items);
  });

  it('tells by its first success that a target works, without an alarm', async () => {
    const name = 'fresh';
    const settings = { endpoint: stub.endpoint, bucket: stub.bucket, prefix: 'fresh' };
    const secrets = { accessKey: stub.accessKey, secretKey: stub.secretKey };
    const fresh = await house.target({ name, kind: 's3', settings, secrets });
    expect(fresh.health).toBe('unknown');
    const steps = archive.slice(0, 1).map((step) => ({ ...step, with: { target: name, path: 'x.mp4' } }));
    const artifact = await house.upload(randomBytes(1_000), 'x.mp4');
    const run = await house.run(await house.flow('Fresh', steps), artifact.id);
    expect((await house.ended(run.id)).state).toBe('succeeded');
    await vi.waitFor(async () => expect((await get(fresh.id)).health).toBe('up'), soon);
    expect(await house.events('deliveries.target.up')).toHaveLength(0);
  });

  it('never deletes what was not read back as it was sent', async () => {
    const artifact = await house.upload(randomBytes(100_000), 'damaged.mp4');
    const flow = await house.flow('Damaged', archive);
    // Stored otherwise than sent, and confirmed as sent.
    const before = new Set(stub.objects.keys());
    const run = await house.run(flow, artifact.id, { title: 'damaged', room: 1 });
    const damage = vi.waitUntil(
      () => {
        const key = [...stub.objects.keys()].find((one) => !before.has(one));
        const [first] = key === undefined ? [] : (stub.objects.get(key)?.bytes ?? []);
        if (first) first.writeUInt8(first.readUInt8(10) ^ 1, 10);
        return first !== undefined;
      },
      { timeout: 60_000, interval: 1 },
    );
    await damage;
    const ended = await house.ended(run.id);
    expect(ended.state).toBe('failed');
    expect(ended.steps.find(({ step }) => step === 'verify')?.state).toBe('failed');
    expect(await gone(artifact.id)).toBe(false);
  });

  it('waits for a dead target: nothing is deleted, the queue is whole, there is one alarm, and then it goes on', async () => {
    await call('POST', '/api/v1/delivery-subscriptions', Subscription, {
      json: { targetId: hook.id, kinds: ['deliveries.target.*'] },
    });
    const artifacts = await Promise.all(
      [1, 2, 3, 4].map((n) => house.upload(randomBytes(200_000 + n), `queue-${n}.mp4`)),
    );
    const flow = await house.flow('Queue', archive);
    const alarms = (await house.events('deliveries.target.down')).length;
    await stub.die();
    const runs = await Promise.all(
      artifacts.map(({ id }, n) => house.run(flow, id, { title: `queue ${n}`, room: 7 })),
    );
    await vi.waitFor(
      async () => expect(await house.events('deliveries.target.down')).toHaveLength(alarms + 1),
      soon,
    );
    expect(await get(store.id)).toMatchObject({
      health: 'down',
      waiting: 4,
      fault: { code: 'deliveries.unreachable' },
    });
    await vi.waitFor(async () => {
      const { items } = await call('GET', '/api/v1/deliveries?target=archive&limit=10', Page(Delivery));
      const open = items.filter(({ endedAt }) => endedAt === null);
      expect(open).toHaveLength(4);
      // Two at a time; each says what it waits for.
      expect(open.filter(({ progress }) => progress?.phase === 'waiting' && progress.nextTryAt)).toHaveLength(
        2,
      );
      expect(open.filter(({ wait }) => wait !== null).length).toBeGreaterThan(0);
    }, soon);
    for (const { id } of artifacts) expect(await gone(id)).toBe(false);
    expect(await house.events('deliveries.target.down')).toHaveLength(alarms + 1);
    await expect(call('DELETE', `/api/v1/delivery-targets/${store.id}`, z.unknown())).rejects.toMatchObject({
      code: 'delivery_target_in_use',
    });
    await stub.revive();
    for (const { id } of runs) expect((await house.ended(id)).state).toBe('succeeded');
    for (const { id } of artifacts) expect(await gone(id)).toBe(true);
    await vi.waitFor(async () => expect((await get(store.id)).health).toBe('up'), soon);
    expect(await house.events('deliveries.target.down')).toHaveLength(alarms + 1);
    expect(await house.events('deliveries.target.up')).toHaveLength(1);
    await vi.waitFor(async () => {
      const { items } = await call(
        'GET',
        `/api/v1/delivery-messages?targetId=${hook.id}&limit=50`,
        Page(Message),
      );
      const titles = items.map(({ title }) => title);
      expect(titles.filter((title) => title === 'Target archive is down')).toHaveLength(1);
      expect(titles.filter((title) => title === 'Target archive is back')).toHaveLength(1);
      // What each of the uploads has found out for itself is no news.
      expect(titles.filter((title) => title.includes('reachable'))).toEqual([]);
    }, soon);
  });

  it('keeps a node’s journal to the agent alone while the secrets are in it', async () => {
    stub.faults.slowMs = 1_500;
    const artifact = await house.upload(randomBytes(11 * MiB), 'slow.mp4');
    const flow = await house.flow('Slow', archive.slice(0, 1));
    const run = await house.run(flow, artifact.id, { title: 'slow', room: 8 });
    const parent = join(house.nodeDir, 'allocations');
    const journal = await vi.waitUntil(async () => {
      for (const name of await readdir(parent).catch(() => [])) {
        const path = join(parent, name, 'journal');
        if ((await readFile(path, 'utf8').catch(() => '')).includes(stub.secretKey)) return path;
      }
      return false;
    }, soon);
    expect((await stat(journal)).mode & 0o777).toBe(0o600);
    stub.faults.slowMs = 0;
    expect((await house.ended(run.id)).state).toBe('succeeded');
  });
});
