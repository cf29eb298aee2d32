import { Me, Problem } from '@backlot/contract';
import { type Person, signedInPerson, signIn } from '@backlot/testkit/person';
import { createTestFront, type TestFront } from '@backlot/testkit/test-front';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseHash } from './passwords.ts';

const json = (answer: { body: string }) => JSON.parse(answer.body);

describe('the first start', () => {
  let front: TestFront;
  beforeAll(async () => {
    front = await createTestFront({ adminToken: undefined });
  });
  afterAll(() => front.close());

  const setUp = (token: string, email = 'ada@example.com') =>
    front.app.inject({
      method: 'POST',
      url: '/api/v1/setup',
      payload: { token, email, name: 'Ada', password: 'correct horse battery', language: 'zh-CN' },
    });
  const newToken = async () => (await front.signIn.newSetupToken()) ?? '';

  it('says that it waits for an administrator', async () => {
    expect(json(await front.app.inject({ url: '/api/v1/setup' }))).toEqual({ needed: true });
  });

  it('does not take a link that it has not made', async () => {
    expect(json(await setUp('made up'))).toMatchObject({ code: 'link_used_up', status: 410 });
  });

  it('makes one administrator, however many use the link at once, and signs them in', async () => {
    const token = await newToken();
    expect(
      json(await front.app.inject({ method: 'POST', url: '/api/v1/setup/check', payload: { token } })),
    ).toEqual({
      purpose: 'setup',
      email: null,
      name: null,
    });
    // One printed before a restart and one after it: both are good, and both only once.
    const links = [token, await newToken(), token, await newToken()];
    const answers = await Promise.all(links.map((link, n) => setUp(link, `ada${n}@example.com`)));
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 410, 410, 410]);
    expect((await setUp(links[3] ?? '')).statusCode).toBe(410);
    const first = answers.find(({ statusCode }) => statusCode === 200);
    const me = Me.parse(json(first ?? { body: '' }));
    expect(me).toMatchObject({
      kind: 'account',
      language: 'zh-CN',
      grants: [{ projectId: null, role: 'admin' }],
    });
    expect(me.permissions['*']).toContain('accounts.manage');
    const cookie = first?.headers['set-cookie'];
    expect(cookie).toMatch(/^backlot_session=bls_[\w-]{43}; .*HttpOnly; SameSite=Lax$/);
    expect(await front.database.db.selectFrom('account').select('id').execute()).toHaveLength(1);
  });

  it('has no set-up link any more after that', async () => {
    expect(await front.signIn.newSetupToken()).toBeNull();
    expect(json(await front.app.inject({ url: '/api/v1/setup' }))).toEqual({ needed: false });
  });

  it('stores neither link nor session nor password as they are', async () => {
    const { rows } = await front.database.store.connect().then(async (client) => {
      try {
        return await client.query(
          `SELECT (SELECT count(*)::int FROM one_time_link) AS links,
              (SELECT string_agg(token_hash::text, ' ') FROM login_session) AS sessions,
              (SELECT password_hash FROM account) AS password`,
        );
      } finally {
        client.release();
      }
    });
    expect(rows[0].links).toBe(0);
    expect(rows[0].sessions).toMatch(/^\\x[0-9a-f]{64}$/);
    expect(parseHash(rows[0].password)).toBeDefined();
  });
});

describe('signing in', () => {
  let front: TestFront;
  let ada: Person;
  beforeAll(async () => {
    front = await createTestFront();
    ada = await signedInPerson(front, [{ projectId: null, role: 'viewer' }], 'Ada');
  });
  afterAll(() => front.close());

  const login = (payload: object, remoteAddress = '10.9.9.9', headers = {}) =>
    front.app.inject({ method: 'POST', url: '/api/v1/login', payload, remoteAddress, headers });
  const asAda = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object, headers = {}) =>
    front.app.inject({
      method,
      url,
      ...(payload ? { payload } : {}),
      headers: { ...ada.headers, ...headers },
    });

  it('says the same for a wrong password, an unknown address and a disabled account', async () => {
    const bob = await signedInPerson(front, [], 'Bob');
    await front.app.inject({
      method: 'PATCH',
      url: `/api/v1/accounts/${bob.account.id}`,
      headers: { authorization: `Bearer ${front.adminToken}` },
      payload: { disabled: true },
    });
    const answers = await Promise.all([
      login({ email: ada.account.email, password: 'wrong' }),
      login({ email: 'nobody@example.com', password: 'wrong' }),
      login({ email: bob.account.email, password: bob.password }),
    ]);
    const bodies = answers.map((answer) => ({ ...json(answer), requestId: '' }));
    expect(bodies[0]).toMatchObject({ code: 'wrong_credentials', status: 401 });
    expect(bodies[1]).toEqual(bodies[0]);
    expect(bodies[2]).toEqual(bodies[0]);
    expect((await front.app.inject({ url: '/api/v1/me', headers: bob.headers })).statusCode).toBe(401);
  });

  it('ignores the case of the address', async () => {
    expect((await login({ email: ada.account.email.toUpperCase(), password: ada.password })).statusCode).toBe(
      200,
    );
  });

  it('renews a hash of an older cost', async () => {
    const { db } = front.database;
    const cleo = await signedInPerson(front, [], 'Cleo');
    const stored = async () =>
      (
        await db
          .selectFrom('account')
          .select('password_hash')
          .where('id', '=', cleo.account.id)
          .executeTakeFirst()
      )?.password_hash ?? '';
    const { Passwords } = await import('./passwords.ts');
    const old = await new Passwords({ N: 2 ** 9, r: 8, p: 1 }).hash(cleo.password);
    await db.updateTable('account').set({ password_hash: old }).where('id', '=', cleo.account.id).execute();
    await signIn(front, cleo.account.email, cleo.password);
    expect(parseHash(await stored())).toMatchObject({ N: 2 ** 10 });
  });

  it('is refused to pages of other sites', async () => {
    const body = { email: ada.account.email, password: ada.password };
    const answer = await login(body, '10.9.9.8', { origin: 'https://evil.example' });
    expect(json(answer)).toMatchObject({ code: 'csrf_failed', status: 403 });
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('slows guessing at one account down, from wherever it comes, and says for how long', async () => {
    const dora = await signedInPerson(front, [], 'Dora');
    const guess = (n: number) => login({ email: dora.account.email, password: `guess ${n}` }, `10.7.${n}.1`);
    const codes: number[] = [];
    for (let n = 0; n < 11; n += 1) codes.push((await guess(n)).statusCode);
    expect(codes).toEqual([...Array<number>(10).fill(401), 429]);
    const limited = await login({ email: dora.account.email, password: dora.password }, '10.8.1.1');
    expect(json(limited)).toMatchObject({ code: 'too_many_sign_ins', retryable: true });
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
    expect((await login({ email: ada.account.email, password: ada.password }, '10.8.1.1')).statusCode).toBe(
      200,
    );
  });

  it('slows one address down, whatever it asks', async () => {
    const codes: number[] = [];
    for (let n = 0; n < 21; n += 1) {
      codes.push((await login({ email: `stranger${n}@example.com`, password: 'x' }, '10.6.6.6')).statusCode);
    }
    expect(codes).toEqual([...Array<number>(20).fill(401), 429]);
  });

  it('does not count right passwords', async () => {
    for (let n = 0; n < 15; n += 1) {
      const answer = await login({ email: ada.account.email, password: ada.password }, `10.5.${n}.1`);
      expect(answer.statusCode).toBe(200);
    }
  });

  it('lets one see and end one’s own sessions, and nobody else’s', async () => {
    const eve = await signedInPerson(front, [], 'Eve');
    const second = await signIn(front, eve.account.email, eve.password);
    const list = json(await front.app.inject({ url: '/api/v1/me/sessions', headers: eve.headers })).items;
    expect(list).toHaveLength(2);
    expect(list.filter((session: { current: boolean }) => session.current)).toHaveLength(1);
    const other = list.find((session: { current: boolean }) => !session.current);
    expect((await asAda('DELETE', `/api/v1/me/sessions/${other.id}`)).statusCode).toBe(404);
    const ended = await front.app.inject({
      method: 'DELETE',
      url: `/api/v1/me/sessions/${other.id}`,
      headers: eve.headers,
    });
    expect(ended.statusCode).toBe(204);
    expect((await front.app.inject({ url: '/api/v1/me', headers: second.headers })).statusCode).toBe(401);
    expect((await front.app.inject({ url: '/api/v1/me', headers: eve.headers })).statusCode).toBe(200);
  });

  it('ends at once when one signs out', async () => {
    const fay = await signedInPerson(front, [], 'Fay');
    const out = await front.app.inject({ method: 'POST', url: '/api/v1/logout', headers: fay.headers });
    expect(out.statusCode).toBe(204);
    expect(out.headers['set-cookie']).toMatch(/^backlot_session=; Max-Age=0/);
    expect((await front.app.inject({ url: '/api/v1/me', headers: fay.headers })).statusCode).toBe(401);
  });

  it('asks for the present password to change it, and ends all other sessions', async () => {
    const gil = await signedInPerson(front, [], 'Gil');
    const second = await signIn(front, gil.account.email, gil.password);
    const change = (current: string) =>
      front.app.inject({
        method: 'POST',
        url: '/api/v1/me/password',
        headers: second.headers,
        remoteAddress: '10.4.4.4',
        payload: { current, next: 'a quite different one' },
      });
    expect(json(await change('wrong'))).toMatchObject({ code: 'password_not_set', pointer: 'body.current' });
    expect((await change(gil.password)).statusCode).toBe(204);
    expect((await front.app.inject({ url: '/api/v1/me', headers: gil.headers })).statusCode).toBe(401);
    expect((await front.app.inject({ url: '/api/v1/me', headers: second.headers })).statusCode).toBe(200);
    await signIn(front, gil.account.email, 'a quite different one');
  });

  it('lets a person without a password choose one by a link, once', async () => {
    const made = json(
      await front.app.inject({
        method: 'POST',
        url: '/api/v1/accounts',
        headers: { authorization: `Bearer ${front.adminToken}` },
        payload: { email: 'hal@example.com', name: 'Hal' },
      }),
    );
    const token = new URL(made.setupLink).hash.replace('#token=', '');
    const check = await front.app.inject({ method: 'POST', url: '/api/v1/setup/check', payload: { token } });
    expect(json(check)).toEqual({ purpose: 'password', email: 'hal@example.com', name: 'Hal' });
    const choose = () =>
      front.app.inject({
        method: 'POST',
        url: '/api/v1/password',
        payload: { token, password: 'chosen by hal himself' },
      });
    expect((await choose()).statusCode).toBe(200);
    expect(json(await choose())).toMatchObject({ code: 'link_used_up' });
    await signIn(front, 'hal@example.com', 'chosen by hal himself');
  });

  describe('by cookie', () => {
    const rename = (headers: Record<string, string>) =>
      front.app.inject({ method: 'PATCH', url: '/api/v1/me', headers, payload: { name: 'Ada' } });
    it.each([
      ['no proof', { 'x-csrf-token': '' }],
      ['a wrong proof', { 'x-csrf-token': 'x'.repeat(43) }],
      ['another site', { origin: 'https://evil.example' }],
      ['an opaque origin', { origin: 'null' }],
      ['no origin', { origin: '' }],
    ])('a change with %s is refused', async (_what, wrong) => {
      const headers = { ...ada.headers, ...wrong };
      const answer = await rename(
        Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== '')),
      );
      expect(Problem.parse(answer.json())).toMatchObject({ code: 'csrf_failed', status: 403 });
    });

    it('a change from our own page is made, and reading needs no proof', async () => {
      expect((await rename({ ...ada.headers })).statusCode).toBe(200);
      const read = await front.app.inject({ url: '/api/v1/me', headers: { cookie: ada.cookie } });
      expect(read.statusCode).toBe(200);
    });

    it('the proof of another session does not do', async () => {
      const ivy = await signedInPerson(front, [], 'Ivy');
      const answer = await rename({ ...ada.headers, 'x-csrf-token': ivy.me.csrfToken ?? '' });
      expect(answer.json()).toMatchObject({ code: 'csrf_failed' });
    });
  });

  it('sets a cookie that only travels by TLS when the public address is https', async () => {
    const secure = await createTestFront({
      database: front.database,
      publicUrl: () => 'https://backlot.example.com',
    });
    const answer = await secure.app.inject({
      method: 'POST',
      url: '/api/v1/login',
      payload: { email: ada.account.email, password: ada.password },
    });
    expect(answer.headers['set-cookie']).toMatch(
      /^__Host-backlot_session=.*Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(answer.headers['strict-transport-security']).toBeDefined();
    await secure.close();
  });
});
