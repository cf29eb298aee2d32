import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signMAuth, windowMs } from '../control/nuve/mauth.ts';
import { type RoomsControl, startRoomsControl } from '../testing/control.ts';

const superKey = 'the key of the superservice';
let test: RoomsControl;

beforeAll(async () => {
  process.env.BACKLOT_NUVE_SUPERSERVICE_KEY = superKey;
  test = await startRoomsControl();
});
afterAll(async () => {
  delete process.env.BACKLOT_NUVE_SUPERSERVICE_KEY;
  await test?.close();
});

interface Signature {
  readonly id: string;
  readonly key: string;
  readonly user?: { readonly username: string; readonly role: string };
  readonly timestamp?: number;
  readonly nonce?: string;
}
let nonces = 0;
function newNonce(): string {
  nonces += 1;
  return String(nonces);
}

/** As licode's client writes it. */
function mauth({ id, key, user, timestamp = Date.now(), nonce = newNonce() }: Signature): string {
  const signature = signMAuth(
    { nonce, timestamp: String(timestamp), username: user?.username, role: user?.role },
    key,
  );
  return [
    'MAuth realm=http://marte3.dit.upm.es',
    'mauth_signature_method=HMAC_SHA1',
    `mauth_serviceid=${id}`,
    `mauth_cnonce=${nonce}`,
    `mauth_timestamp=${timestamp}`,
    ...(user ? [`mauth_username=${user.username}`, `mauth_role=${user.role}`] : []),
    `mauth_signature=${signature}`,
  ].join(',');
}

async function call(method: string, url: string, authorization: string, payload?: object) {
  const answer = await test.control.http.app.inject({
    method: method as 'GET',
    url: `/nuve${url}`,
    headers: { authorization },
    ...(payload === undefined ? {} : { payload }),
  });
  const isJson = String(answer.headers['content-type']).includes('json');
  return { status: answer.statusCode, body: isJson ? answer.json() : answer.body };
}
const boss = () => mauth({ id: 'superservice', key: superKey });

describe('Nuve', () => {
  let service: { _id: string; name: string; key: string };
  let other: { _id: string; name: string; key: string };
  let room: { _id: string; name: string };
  const signed = (of: { _id: string; key: string }, more: Partial<Signature> = {}) =>
    mauth({ id: of._id, key: of.key, ...more });

  it('lets the superservice make, list and look at services', async () => {
    service = (await call('POST', '/services', boss(), { name: 'studio', key: 'a key of its own' })).body;
    other = (await call('POST', '/services', boss(), { name: 'rival' })).body;
    expect(service).toEqual({ _id: expect.any(String), name: 'studio', key: 'a key of its own', rooms: [] });
    expect(other.key.length).toBeGreaterThan(20);
    expect((await call('POST', '/services', boss(), { name: 'studio' })).status).toBe(409);
    const list = await call('GET', '/services', boss());
    expect(list.body.map(({ name }: { name: string }) => name)).toEqual(['studio', 'rival']);
    expect((await call('GET', `/services/${service._id}`, boss())).body).toEqual(service);
    // An administrator of the installation may do the same.
    expect((await call('GET', '/services', test.headers.authorization)).status).toBe(200);
  });

  it('gives every service a project of its own', async () => {
    const projects = await test.control.kernel.db.selectFrom('project').select('name').execute();
    expect(projects.map(({ name }) => name)).toEqual(expect.arrayContaining(['studio', 'rival']));
  });

  it('opens, lists, shows, changes and closes rooms', async () => {
    const options = { p2p: false, data: { topic: 'news' } };
    room = (await call('POST', '/rooms', signed(service), { name: 'News room', options })).body;
    expect(room).toEqual({ _id: expect.any(String), name: 'News room', ...options });
    expect((await call('GET', '/rooms', signed(service))).body).toEqual([room]);
    expect((await call('GET', `/rooms/${room._id}`, signed(service))).body).toEqual(room);
    const changed = await call('PUT', `/rooms/${room._id}`, signed(service), { name: 'Newsroom' });
    expect(changed.body).toEqual({ ...room, name: 'Newsroom' });
    expect((await call('GET', `/services/${service._id}`, boss())).body.rooms).toHaveLength(1);
  });

  it('issues tokens that our signalling takes, in licode’s form', async () => {
    const user = { username: 'ada', role: 'presenter' };
    const { status, body } = await call('POST', `/rooms/${room._id}/tokens`, signed(service, { user }));
    expect(status).toBe(200);
    const token = JSON.parse(Buffer.from(body, 'base64').toString());
    expect(token).toMatchObject({ tokenId: expect.any(String), host: expect.any(String), secure: false });
    expect(Buffer.from(token.signature, 'base64').toString()).toMatch(/^[0-9a-f]{40}$/);
    const claims = JSON.parse(Buffer.from(token.token.split('.')[1], 'base64url').toString());
    expect(claims).toMatchObject({ sub: 'ada', grants: { room: token.room, role: 'member' } });
    const viewer = { username: 'eve', role: 'viewer' };
    const second = await call('POST', `/rooms/${room._id}/tokens`, signed(service, { user: viewer }));
    const { token: jwt } = JSON.parse(Buffer.from(second.body, 'base64').toString());
    expect(JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url').toString()).grants.role).toBe('viewer');
    for (const wrong of [undefined, { username: 'ada', role: 'emperor' }]) {
      const refused = await call(
        'POST',
        `/rooms/${room._id}/tokens`,
        signed(service, wrong ? { user: wrong } : {}),
      );
      expect(refused.status).toBe(400);
    }
  });

  it('shows who is in a room', async () => {
    expect((await call('GET', `/rooms/${room._id}/users`, signed(service))).body).toEqual([]);
    expect((await call('GET', `/rooms/${room._id}/users/ada`, signed(service))).status).toBe(404);
    expect((await call('DELETE', `/rooms/${room._id}/users/ada`, signed(service))).status).toBe(404);
  });

  it('accepts many clients of one service at once, each nonce once', async () => {
    const at = Date.now();
    const headers = Array.from({ length: 20 }, (_, index) =>
      signed(service, { timestamp: at - index * 10, nonce: `many-${index}` }),
    );
    const answers = await Promise.all(headers.map((header) => call('GET', '/rooms', header)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const again = await Promise.all(headers.map((header) => call('GET', '/rooms', header)));
    expect(new Set(again.map(({ status }) => status))).toEqual(new Set([401]));
  });

  const refusals: readonly (readonly [string, () => string])[] = [
    ['no header', () => ''],
    ['another scheme', () => 'Basic eDp5'],
    ['a wrong key', () => mauth({ id: service._id, key: 'wrong' })],
    ['an unknown service', () => mauth({ id: '01890000-0000-7000-8000-000000000009', key: service.key })],
    ['a service that is no id', () => mauth({ id: 'studio', key: service.key })],
    ['a stale time', () => signed(service, { timestamp: Date.now() - windowMs - 5_000 })],
    ['a time to come', () => signed(service, { timestamp: Date.now() + windowMs + 5_000 })],
    [
      'an altered role',
      () => signed(service, { user: { username: 'a', role: 'viewer' } }).replace('=viewer', '=presenter'),
    ],
    ['the superservice’s signature', () => boss()],
  ];
  it.each(refusals)('refuses %s with 401', async (_what, header) => {
    expect((await call('GET', '/rooms', header())).status).toBe(401);
  });

  it('takes a signed request once, however the service’s id is spelled', async () => {
    const header = signed(service);
    expect((await call('GET', '/rooms', header)).status).toBe(200);
    expect((await call('GET', '/rooms', header)).status).toBe(401);
    const shouted = header.replace(service._id, service._id.toUpperCase());
    expect(shouted).not.toBe(header);
    expect((await call('GET', '/rooms', shouted)).status).toBe(401);
  });

  it('keeps services out of what is the superservice’s', async () => {
    for (const [method, url] of [
      ['GET', '/services'],
      ['GET', `/services/${other._id}`],
      ['DELETE', `/services/${other._id}`],
    ] as const)
      expect((await call(method, url, signed(service))).status).toBe(401);
    expect((await call('POST', '/services', signed(service), { name: 'x' })).status).toBe(401);
  });

  it('shows a service nothing of another’s rooms', async () => {
    for (const [method, url] of [
      ['GET', `/rooms/${room._id}`],
      ['PUT', `/rooms/${room._id}`],
      ['DELETE', `/rooms/${room._id}`],
      ['GET', `/rooms/${room._id}/users`],
    ] as const) {
      const answer = await call(method, url, signed(other), method === 'PUT' ? {} : undefined);
      expect([method, answer.status]).toEqual([method, 404]);
    }
  });

  it('writes down who did what', async () => {
    const rows = await test.control.kernel.db
      .selectFrom('audit')
      .select(['action', 'actor_name'])
      .where('actor_name', '=', 'nuve studio')
      .orderBy('seq')
      .execute();
    expect(rows.map(({ action }) => action)).toEqual([
      'room.create',
      'room.change',
      'room.token',
      'room.token',
    ]);
  });

  it('closes rooms and removes services', async () => {
    expect((await call('DELETE', `/rooms/${room._id}`, signed(service))).status).toBe(200);
    expect((await call('GET', `/rooms/${room._id}`, signed(service))).status).toBe(404);
    expect((await call('GET', '/rooms', signed(service))).body).toEqual([]);
    expect((await call('DELETE', `/services/${other._id}`, boss())).status).toBe(200);
    expect((await call('GET', '/rooms', signed(other))).status).toBe(401);
    const third = await call('POST', '/services', test.headers.authorization, { name: 'third' });
    const gone = await call('DELETE', `/services/${third.body._id}`, test.headers.authorization);
    expect([third.status, gone.status]).toEqual([200, 200]);
    const rows = await test.control.kernel.db
      .selectFrom('audit')
      .select(['action', 'actor_kind', 'actor_name'])
      .where('action', 'like', 'nuve.service.%')
      .orderBy('seq')
      .execute();
    expect(rows.map((row) => row.action.split('.').at(-1))).toEqual([
      ...['create', 'create', 'delete'],
      ...['create', 'delete'],
    ]);
    for (const { actor_name } of rows.slice(0, 3)) expect(actor_name).toBe('nuve superservice');
    // An administrator's are that administrator's.
    for (const { actor_kind } of rows.slice(3)) expect(actor_kind).not.toBe('system');
  });
});
