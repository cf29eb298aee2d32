import { randomBytes } from 'node:crypto';
import { Page } from '@backlot/contract';
import { type S3Stub, startS3Stub } from '@backlot/testkit/s3-stub';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { DeliveryTarget, Message, TargetTest } from '../contract.ts';
import {
  type DeliveryHouse,
  openDeliveryHouse,
  openReceiver,
  type Receiver,
} from '../testing/delivery-house.ts';

const MiB = 1024 ** 2;
const soon = { timeout: 60_000, interval: 50 };

let house: DeliveryHouse;
let stub: S3Stub;
let receiver: Receiver;
beforeAll(async () => {
  [house, stub, receiver] = await Promise.all([openDeliveryHouse(), startS3Stub(), openReceiver()]);
});
afterAll(async () => {
  await house?.close();
  await stub?.close();
  await receiver?.close();
});
const call: DeliveryHouse['api']['transport']['call'] = (...args) => house.api.transport.call(...args);
const path = ({ id }: DeliveryTarget) => `/api/v1/delivery-targets/${id}`;
const change = (target: DeliveryTarget, json: object) =>
  call('PATCH', path(target), DeliveryTarget, { json });
/** As a version before this one has stored it. */
const store = (target: DeliveryTarget, settings: object) =>
  sql`UPDATE delivery_target SET settings = settings || ${JSON.stringify(settings)}::jsonb WHERE id = ${target.id}`.execute(
    house.control.store.db,
  );

describe('an address with user and password', () => {
  it.each([
    [
      'webdav',
      { url: 'https://me:geheim@dav.example/x' },
      {},
      'delivery_target_address_sign_in',
      /user, password/,
    ],
    [
      's3',
      { endpoint: 'https://me:geheim@s3.example', bucket: 'films' },
      { accessKey: 'k', secretKey: 's' },
      'delivery_target_address_sign_in',
      /accessKey, secretKey/,
    ],
    [
      'webhook',
      { url: 'https://me:geheim@hook.example' },
      {},
      'delivery_target_address_sign_in',
      /authorization/,
    ],
    [
      'bark',
      { server: 'https://me:geheim@bark.example' },
      { deviceKey: 'k' },
      'delivery_target_address_no_sign_in',
      /kind bark/,
    ],
  ] as const)('is refused for %s, with where it belongs', async (kind, settings, secrets, code, words) => {
    const made = house.target({ name: `sign-in-${kind}`, kind, settings, secrets });
    await expect(made).rejects.toMatchObject({ code, message: expect.stringMatching(words) });
    await expect(made).rejects.not.toMatchObject({ message: expect.stringContaining('geheim') });
  });

  it('that is stored goes on working, is shown to nobody, and stays when the rest is changed', async () => {
    const target = await house.target({ name: 'old-hook', kind: 'webhook', settings: { url: receiver.url } });
    await store(target, { url: receiver.url.replace('http://', 'http://me:geheim@') });
    const shown = await call('GET', path(target), DeliveryTarget);
    expect(shown.settings.url).toBe(`${receiver.url}/`);
    for (const json of [{ enabled: true }, { settings: shown.settings }]) {
      expect(JSON.stringify(await change(target, json))).not.toContain('geheim');
      const before = receiver.received.length;
      expect(await call('POST', `${path(target)}/test`, TargetTest)).toMatchObject({ ok: true });
      expect(receiver.received[before]?.headers.authorization).toBe(`Basic ${btoa('me:geheim')}`);
    }
    expect(JSON.stringify(await call('GET', '/api/v1/audit?limit=100', z.unknown()))).not.toContain('geheim');
    await expect(
      change(target, { settings: { url: receiver.url.replace('http://', 'http://you:other@') } }),
    ).rejects.toMatchObject({ code: 'delivery_target_address_sign_in' });
  });
});

it('who may not change targets sees no token in an address, in none of the answers', async () => {
  const url = `${receiver.url}/robot/PATHTOKEN?access_token=QUERYTOKEN`;
  const target = await house.target({ name: 'robot', kind: 'webhook', settings: { url } });
  const viewer = { email: 'vera@example.org', password: 'a long enough password' };
  await call('POST', '/api/v1/accounts', z.unknown(), {
    json: { ...viewer, name: 'Vera', grants: [{ projectId: house.projectId, role: 'viewer' }] },
  });
  const signedIn = await fetch(`${house.control.url}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: house.control.url },
    body: JSON.stringify(viewer),
  });
  const cookie = signedIn.headers
    .getSetCookie()
    .map((one) => one.split(';', 1)[0])
    .join('; ');
  const seen = async (where: string) => {
    const answer = await fetch(`${house.control.url}${where}`, { headers: { cookie } });
    expect(answer.status).toBe(200);
    return (await answer.json()) as unknown;
  };
  receiver.answer = { status: 404, body: 'Cannot POST /robot/PATHTOKEN?access_token=QUERYTOKEN' };
  const flow = await house.flow('Robot', [
    { id: 'tell', kind: 'deliveries.webhook', with: { target: 'robot' } },
  ]);
  await house.ended((await house.run(flow, (await house.upload(randomBytes(10), 'x')).id)).id);
  await vi.waitFor(async () => {
    const { items } = await call('GET', `/api/v1/delivery-messages?targetId=${target.id}`, Page(Message));
    expect(items[0]).toMatchObject({ attempts: expect.any(Number), fault: expect.stringContaining('404') });
  }, soon);
  receiver.answer = { status: 200 };
  const one = DeliveryTarget.parse(await seen(path(target)));
  expect(one.settings.url).toBe(`${receiver.url}/…?…`);
  const all = JSON.stringify([
    one,
    await seen('/api/v1/delivery-targets'),
    await seen('/api/v1/delivery-messages'),
    await seen('/api/v1/events?limit=200'),
  ]);
  expect(all).not.toMatch(/PATHTOKEN|QUERYTOKEN/);
  expect((await call('GET', path(target), DeliveryTarget)).settings.url).toBe(url);
});

it('a target whose secrets can’t be opened says so, and works once they are given again', async () => {
  const settings = { endpoint: stub.endpoint, bucket: stub.bucket };
  const secrets = { accessKey: stub.accessKey, secretKey: stub.secretKey };
  const target = await house.target({ name: 'restored', kind: 's3', settings, secrets });
  await sql`UPDATE delivery_target SET sealed = set_byte(sealed, 40, (get_byte(sealed, 40) + 1) % 256)
    WHERE id = ${target.id}`.execute(house.control.store.db);
  expect(await call('POST', `${path(target)}/test`, TargetTest)).toMatchObject({
    ok: false,
    fault: { code: 'deliveries.secrets_lost' },
  });
  await change(target, { secrets });
  expect(await call('POST', `${path(target)}/test`, TargetTest)).toMatchObject({ ok: true });
});

it('a service that asks to be left alone is left alone with every message', async () => {
  const settings = { url: `${receiver.url}/busy` };
  const target = await house.target({ name: 'busy', kind: 'webhook', settings });
  receiver.answer = { status: 429, headers: { 'retry-after': '600' } };
  const flow = await house.flow('Busy', [
    { id: 'one', kind: 'deliveries.webhook', with: { target: 'busy' } },
    { id: 'two', kind: 'deliveries.webhook', with: { target: 'busy' } },
    { id: 'three', kind: 'deliveries.webhook', with: { target: 'busy' } },
  ]);
  const file = await house.upload(randomBytes(10), 'x');
  await house.ended((await house.run(flow, file.id)).id);
  const messages = async () =>
    (await call('GET', `/api/v1/delivery-messages?targetId=${target.id}`, Page(Message))).items;
  await vi.waitFor(async () => {
    const next = (await messages()).map(({ nextTryAt }) => Date.parse(nextTryAt ?? '') - Date.now());
    expect(next).toHaveLength(3);
    for (const ms of next) expect(ms).toBeGreaterThan(500_000);
  }, soon);
  expect(receiver.received.filter((one) => one.path === '/busy')).toHaveLength(1);
  receiver.answer = { status: 200 };
});

it('a canceled upload under a numbered name leaves nothing at the store', { timeout: 120_000 }, async () => {
  const settings = { endpoint: stub.endpoint, bucket: stub.bucket, partSize: 5 * MiB };
  const secrets = { accessKey: stub.accessKey, secretKey: stub.secretKey };
  await house.target({ name: 'archive', kind: 's3', settings, secrets });
  const flow = await house.flow('Archive', [
    {
      id: 'upload',
      kind: 'deliveries.upload',
      with: { target: 'archive', path: 'film.mp4' },
      in: { file: 'trigger.file' },
    },
  ]);
  const first = await house.upload(randomBytes(1_000), 'film.mp4');
  expect((await house.ended((await house.run(flow, first.id)).id)).state).toBe('succeeded');
  stub.faults.slowMs = 300;
  const second = await house.upload(randomBytes(21 * MiB), 'film.mp4');
  const run = await house.run(flow, second.id);
  await vi.waitFor(() => expect(stub.counts.parts.get(2)).toBe(1), soon);
  expect([...stub.uploads.values()].map(({ key }) => key)).toEqual(['film (2).mp4']);
  await call('POST', `/api/v1/flow-runs/${run.id}/cancel`, z.unknown());
  await vi.waitFor(() => expect(stub.uploads.size).toBe(0), soon);
  stub.faults.slowMs = 0;
  expect([...stub.objects.keys()]).toEqual(['film.mp4']);
});
