import { createTestFront, type TestFront } from '@backlot/testkit/test-front';
import { afterAll, beforeAll, expect, it } from 'vitest';

let front: TestFront;
beforeAll(async () => {
  front = await createTestFront();
});
afterAll(() => front.close());

const call = async (method: 'GET' | 'PATCH', payload?: object) => {
  const headers = { authorization: `Bearer ${front.adminToken}` };
  const answer = await front.app.inject({
    method,
    url: '/api/v1/settings',
    headers,
    ...(payload ? { payload } : {}),
  });
  return { status: answer.statusCode, body: answer.json() };
};
const defaults = {
  installation: { name: 'Backlot' },
  webhooks: { allowPrivateNetworks: true, allowLoopback: false },
  retention: { eventDays: 90, deliveryDays: 30 },
};

it('are the defaults until somebody changes them, and then changed part by part', async () => {
  expect((await call('GET')).body).toEqual(defaults);
  const changed = await call('PATCH', { installation: { name: 'Studio North' } });
  expect(changed).toMatchObject({
    status: 200,
    body: { ...defaults, installation: { name: 'Studio North' } },
  });
  await call('PATCH', { retention: { eventDays: 7, deliveryDays: 3 } });
  expect((await call('GET')).body).toEqual({
    ...defaults,
    installation: { name: 'Studio North' },
    retention: { eventDays: 7, deliveryDays: 3 },
  });
  const about = await front.app.inject({
    url: '/api/v1/about',
    headers: { authorization: `Bearer ${front.adminToken}` },
  });
  expect(about.json()).toMatchObject({
    name: 'Studio North',
    database: expect.stringMatching(/^PostgreSQL \d+/),
  });
});

it('that do not fit are refused and change nothing', async () => {
  const before = (await call('GET')).body;
  expect(await call('PATCH', { retention: { eventDays: 0 } })).toMatchObject({
    status: 400,
    body: { code: 'invalid_input' },
  });
  expect((await call('GET')).body).toEqual(before);
});

it('fall back to the defaults where what is stored no longer fits', async () => {
  await front.database.db
    .insertInto('setting')
    .values({ key: 'webhooks', value: JSON.stringify({ allowLoopback: 'perhaps' }) })
    .execute();
  expect((await call('GET')).body.webhooks).toEqual(defaults.webhooks);
});

it('never show the keys that stand beside them', async () => {
  const keys = await front.database.db.selectFrom('setting').select('key').execute();
  expect(keys.map(({ key }) => key)).toContain('secret.allocation-token-key');
  expect(JSON.stringify((await call('GET')).body)).not.toContain('secret');
});

it('leave an audit row with before and after', async () => {
  const rows = await front.database.db
    .selectFrom('audit')
    .select(['action', 'before', 'after'])
    .where('subject_kind', '=', 'settings')
    .orderBy('seq')
    .execute();
  expect(rows[0]).toMatchObject({
    action: 'settings.change',
    before: { installation: { name: 'Backlot' } },
    after: { installation: { name: 'Studio North' } },
  });
});
