import { type Person, signedInPerson } from '@backlot/testkit/person';
import { createTestFront, type TestFront } from '@backlot/testkit/test-front';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let front: TestFront;
let admin: Person;
beforeAll(async () => {
  front = await createTestFront();
  admin = await signedInPerson(front, [{ projectId: null, role: 'admin' }], 'Ada');
});
afterAll(() => front.close());

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
const call = async (
  who: { headers: Readonly<Record<string, string>> },
  method: Method,
  url: string,
  payload?: object,
) => {
  const answer = await front.app.inject({
    method,
    url,
    headers: { ...who.headers },
    ...(payload ? { payload } : {}),
  });
  return { status: answer.statusCode, body: answer.body === '' ? undefined : answer.json() };
};
const bearer = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } });

describe('the last administrator', () => {
  it('can be neither demoted nor disabled nor deleted', async () => {
    const url = `/api/v1/accounts/${admin.account.id}`;
    const refused = { status: 409, body: { code: 'last_administrator' } };
    expect(await call(admin, 'PATCH', url, { grants: [] })).toMatchObject(refused);
    expect(await call(admin, 'PATCH', url, { disabled: true })).toMatchObject(refused);
    expect(await call(admin, 'DELETE', url)).toMatchObject(refused);
    expect((await call(admin, 'GET', '/api/v1/me')).body.permissions['*']).toContain('accounts.manage');
  });

  it('is one of two who remove each other in the same moment', async () => {
    const other = await signedInPerson(front, [{ projectId: null, role: 'admin' }], 'Bea');
    const [first, second] = await Promise.all([
      call(admin, 'PATCH', `/api/v1/accounts/${other.account.id}`, { grants: [] }),
      call(other, 'PATCH', `/api/v1/accounts/${admin.account.id}`, { grants: [] }),
    ]);
    // The loser finds that it is the last one, or that it has just lost the right to change anything.
    expect([first.status, second.status].sort()).toEqual([200, expect.toBeOneOf([403, 409])]);
    const left = await front.database.db
      .selectFrom('role_grant')
      .select('account_id')
      .where('role', '=', 'admin')
      .execute();
    expect(left).toHaveLength(1);
    if (left[0]?.account_id === other.account.id) admin = other;
  });
});

describe('roles', () => {
  it('are given by those who have them, up to their own', async () => {
    const project = (await call(admin, 'POST', '/api/v1/projects', { slug: 'film', name: 'Film' })).body;
    const lead = await signedInPerson(front, [{ projectId: project.id, role: 'admin' }], 'Lead');
    const guest = await signedInPerson(front, [], 'Guest');
    const members = `/api/v1/projects/${project.id}/members`;
    expect((await call(guest, 'GET', members)).status).toBe(404);
    expect(await call(lead, 'POST', members, { email: guest.account.email, role: 'viewer' })).toMatchObject({
      status: 201,
      body: { accountId: guest.account.id, role: 'viewer' },
    });
    expect((await call(guest, 'GET', members)).status).toBe(403);
    expect((await call(guest, 'GET', '/api/v1/projects')).body.items).toMatchObject([{ slug: 'film' }]);
    expect((await call(lead, 'PUT', `${members}/${guest.account.id}`, { role: 'operator' })).status).toBe(
      200,
    );
    expect((await call(guest, 'PUT', `${members}/${lead.account.id}`, { role: 'viewer' })).status).toBe(403);
    expect((await call(lead, 'DELETE', `${members}/${guest.account.id}`)).status).toBe(204);
    expect((await call(lead, 'DELETE', `${members}/${guest.account.id}`)).status).toBe(404);
    expect((await call(guest, 'GET', '/api/v1/projects')).body.items).toEqual([]);
  });

  it('in a project that does not exist are a 404, not a failure', async () => {
    const nowhere = '01900000-0000-7000-8000-000000000000';
    const grants = [{ projectId: nowhere, role: 'viewer' }];
    const payload = { email: 'x@example.com', name: 'X', password: 'long enough pw', grants };
    expect(await call(admin, 'POST', '/api/v1/accounts', payload)).toMatchObject({
      status: 404,
      body: { code: 'not_found', params: { what: 'project', id: nowhere } },
    });
  });
});

describe('tokens', () => {
  const make = async (body: object, who: Person = admin) =>
    (await call(who, 'POST', '/api/v1/tokens', body)).body;

  it('are told once, stored as a hash, listed without the secret', async () => {
    const { token, secret } = await make({ name: 'ci' });
    expect(secret).toMatch(/^blt_[\w-]{43}$/);
    const listed = await call(admin, 'GET', '/api/v1/tokens');
    expect(listed.body.items).toContainEqual(token);
    expect(JSON.stringify(listed.body)).not.toContain(secret);
    expect((await call(bearer(secret), 'GET', '/api/v1/me')).body).toMatchObject({
      kind: 'token',
      id: admin.account.id,
    });
  });

  it('may only what their scopes say', async () => {
    const { secret } = await make({ name: 'reader', scopes: ['events.*', 'projects.read'] });
    expect((await call(bearer(secret), 'GET', '/api/v1/events')).status).toBe(200);
    expect((await call(bearer(secret), 'GET', '/api/v1/accounts')).body.code).toBe('forbidden');
    expect((await call(bearer(secret), 'POST', '/api/v1/tokens', { name: 'more' })).body.code).toBe(
      'whole_account_needed',
    );
    expect((await call(bearer(secret), 'PATCH', '/api/v1/me', { name: 'Mallory' })).body.code).toBe(
      'whole_account_needed',
    );
  });

  it('with a scope that covers nothing are refused: it is a typing mistake', async () => {
    expect(await make({ name: 'typo', scopes: ['jobs.raed'] })).toMatchObject({
      code: 'scope_unknown',
      pointer: 'body.scopes.0',
    });
  });

  it('of one project reach nothing else, although their account may everything', async () => {
    const project = (await call(admin, 'POST', '/api/v1/projects', { slug: 'only', name: 'Only' })).body;
    const { secret } = await make({ name: 'one project', projectId: project.id });
    const listed = (await call(bearer(secret), 'GET', '/api/v1/projects')).body.items;
    expect(listed.map((one: { slug: string }) => one.slug)).toEqual(['only']);
    expect((await call(bearer(secret), 'GET', '/api/v1/accounts')).status).toBe(403);
    expect((await call(bearer(secret), 'POST', '/api/v1/projects', { slug: 'x', name: 'X' })).status).toBe(
      403,
    );
  });

  it('end when they are revoked, expire, or their account is disabled', async () => {
    const owner = await signedInPerson(front, [{ projectId: null, role: 'viewer' }], 'Owner');
    const alive = async (secret: string) => (await call(bearer(secret), 'GET', '/api/v1/me')).status === 200;
    const [revoked, expired, orphan] = await Promise.all([
      make({ name: 'a' }, owner),
      make({ name: 'b' }, owner),
      make({ name: 'c' }, owner),
    ]);
    expect(await Promise.all([alive(revoked.secret), alive(expired.secret), alive(orphan.secret)])).toEqual([
      true,
      true,
      true,
    ]);
    expect((await call(owner, 'DELETE', `/api/v1/tokens/${revoked.token.id}`)).status).toBe(204);
    expect((await call(owner, 'DELETE', `/api/v1/tokens/${revoked.token.id}`)).status).toBe(404);
    await front.database.db
      .updateTable('api_token')
      .set({ expires_at: sql<Date>`now() - interval '1 second'` })
      .where('id', '=', expired.token.id)
      .execute();
    expect(await Promise.all([alive(revoked.secret), alive(expired.secret), alive(orphan.secret)])).toEqual([
      false,
      false,
      true,
    ]);
    await call(admin, 'PATCH', `/api/v1/accounts/${owner.account.id}`, { disabled: true });
    expect(await alive(orphan.secret)).toBe(false);
  });

  it('that are wrong are limited per address', async () => {
    const guess = (n: number) =>
      front.app.inject({
        url: '/api/v1/me',
        headers: { authorization: `Bearer blt_${n}` },
        remoteAddress: '10.3.3.3',
      });
    const codes: number[] = [];
    for (let n = 0; n < 61; n += 1) codes.push((await guess(n)).statusCode);
    expect(codes.slice(0, 60)).toEqual(Array(60).fill(401));
    expect(codes[60]).toBe(429);
  });
});

describe('the administration token', () => {
  const token = () => bearer(front.adminToken);
  it('may everything that belongs to no account', async () => {
    expect((await call(token(), 'GET', '/api/v1/me')).body).toMatchObject({
      kind: 'token',
      name: 'BACKLOT_ADMIN_TOKEN',
    });
    expect((await call(token(), 'GET', '/api/v1/accounts')).status).toBe(200);
    expect((await call(token(), 'POST', '/api/v1/tokens', { name: 'x' })).body.code).toBe('account_needed');
  });
});

describe('the audit', () => {
  const read = async (query: string) => (await call(admin, 'GET', `/api/v1/audit?${query}`)).body.items;

  it('has who, what, before and after of a change, and the request it came by', async () => {
    const made = await front.app.inject({
      method: 'POST',
      url: '/api/v1/projects',
      headers: { ...admin.headers, 'x-request-id': 'my-request-1' },
      payload: { slug: 'audited', name: 'Audited' },
    });
    const { id } = made.json();
    await call(admin, 'PATCH', `/api/v1/projects/${id}`, { name: 'Renamed' });
    const [change, create] = await read(`subjectKind=project&subjectId=${id}`);
    expect(create).toMatchObject({
      action: 'project.create',
      actor: { kind: 'account', id: admin.account.id, name: admin.account.name },
      requestId: 'my-request-1',
      address: '127.0.0.1',
      projectId: id,
      before: null,
      after: { slug: 'audited' },
    });
    expect(change).toMatchObject({
      action: 'project.change',
      before: { name: 'Audited' },
      after: { name: 'Renamed' },
    });
  });

  it('never holds a secret', async () => {
    const payload = { email: 'secretive@example.com', name: 'S', password: 'hunter2 hunter2 hunter2' };
    await call(admin, 'POST', '/api/v1/accounts', payload);
    const everything = JSON.stringify(await front.database.db.selectFrom('audit').selectAll().execute());
    expect(everything).toContain('secretive@example.com');
    expect(everything).not.toContain('hunter2');
    expect(everything).not.toMatch(/blt_[\w-]{43}|whsec_|scrypt\$/);
  });

  it('can be searched by text, actor, action and time, and paged', async () => {
    const byText = await read('text=secretive%40example.com');
    expect(byText.map((entry: { action: string }) => entry.action)).toContain('account.create');
    const percent = await read('text=%25%25%25');
    expect(percent).toEqual([]);
    const first = (await call(admin, 'GET', '/api/v1/audit?limit=2&action=project.create')).body;
    const second = (
      await call(admin, 'GET', `/api/v1/audit?limit=2&action=project.create&cursor=${first.next}`)
    ).body;
    const seqs = [...first.items, ...second.items].map((entry: { seq: number }) => entry.seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => b - a));
    expect(new Set(seqs).size).toBe(seqs.length);
    const future = new Date(Date.now() + 3_600_000).toISOString();
    expect(await read(`from=${encodeURIComponent(future)}`)).toEqual([]);
  });

  it('shows an administrator of a project that project only', async () => {
    const project = (await call(admin, 'POST', '/api/v1/projects', { slug: 'mine', name: 'Mine' })).body;
    const lead = await signedInPerson(front, [{ projectId: project.id, role: 'admin' }], 'Projectlead');
    const { items } = (await call(lead, 'GET', '/api/v1/audit')).body;
    expect(items.length).toBeGreaterThan(0);
    expect(items.every((entry: { projectId: string }) => entry.projectId === project.id)).toBe(true);
  });

  it.each([
    ['changed', sql`UPDATE audit SET actor_name = 'somebody else'`],
    ['deleted', sql`DELETE FROM audit`],
    ['emptied', sql`TRUNCATE audit`],
  ])('can’t be %s, not even by us', async (_what, statement) => {
    await expect(statement.execute(front.database.db)).rejects.toThrow('append-only');
  });
});
