import { Overview } from '@backlot/contract';
import { signedInPerson } from '@backlot/testkit/person';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startControl, type TestControl } from './control.ts';

let test: TestControl;
let film: string;
beforeAll(async () => {
  test = await startControl();
  film = (await post('/api/v1/projects', { slug: 'film', name: 'Film' })).id;
});
afterAll(() => test.close());

const inject = async (url: string, headers: Readonly<Record<string, string>>) =>
  (await test.control.http.app.inject({ url, headers: { ...headers } })).json();
const post = async (url: string, payload: object) =>
  (
    await test.control.http.app.inject({
      method: 'POST',
      url,
      headers: { authorization: `Bearer ${test.adminToken}` },
      payload,
    })
  ).json();

it('shows in one answer what runs and what waits, with the scheduler’s own reason', async () => {
  await post('/api/v1/jobs', { kind: 'tiny.count', projectId: film, name: 'Count to three' });
  const read = async () =>
    Overview.parse(await inject('/api/v1/overview', { authorization: `Bearer ${test.adminToken}` }));
  await expect.poll(async () => (await read()).waiting[0]?.wait?.message, { timeout: 60_000 }).toMatch(/\S/);
  const overview = await read();
  expect(overview.running).toMatchObject([{ name: 'Count to three', state: 'waiting' }]);
  expect(overview.waiting).toMatchObject([{ kind: 'tiny.split', state: 'queued' }]);
  expect(overview.failed).toEqual([]);
  expect(overview.live).toHaveProperty('tiny');
  expect(overview.storage.total).toBeGreaterThan(0);
  expect(overview.health.status).toBe('ok');
});

it('shows nothing of projects that one may not see', async () => {
  const game = (await post('/api/v1/projects', { slug: 'game', name: 'Game' })).id;
  const front = { app: test.control.http.app, adminToken: test.adminToken };
  const insider = await signedInPerson(front, [{ projectId: film, role: 'viewer' }]);
  const outsider = await signedInPerson(front, [{ projectId: game, role: 'admin' }]);
  const nobody = await signedInPerson(front, []);
  expect((await inject('/api/v1/overview', insider.headers)).running).toHaveLength(1);
  for (const person of [outsider, nobody]) {
    const overview = await inject('/api/v1/overview', person.headers);
    expect([overview.running, overview.waiting, overview.failed]).toEqual([[], [], []]);
  }
});
