import { type Person, signedInPerson } from '@backlot/testkit/person';
import { createTestFront, type TestFront } from '@backlot/testkit/test-front';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let front: TestFront;
let ada: Person;
let release: (() => void) | undefined;
let entered: (() => void) | undefined;
let made = 0;

beforeAll(async () => {
  front = await createTestFront({
    extend: ({ http }) => {
      http.app.post(
        '/api/v1/test/things',
        { config: { access: { kind: 'signedIn' }, audited: 'by-handler' } },
        async (request, reply) => {
          made += 1;
          const { wait, fail } = (request.body ?? {}) as { wait?: boolean; fail?: boolean };
          if (wait) {
            entered?.();
            await new Promise<void>((resolve) => {
              release = resolve;
            });
          }
          if (fail) throw new Error('half-way');
          return reply.code(201).header('location', `/things/${made}`).send({ number: made });
        },
      );
    },
  });
  ada = await signedInPerson(front, [{ projectId: null, role: 'admin' }], 'Ada');
});
afterAll(() => front.close());

const post = (
  key: string | undefined,
  payload: object = {},
  headers: Readonly<Record<string, string>> = ada.headers,
) =>
  front.app.inject({
    method: 'POST',
    url: '/api/v1/test/things',
    headers: { ...headers, ...(key === undefined ? {} : { 'idempotency-key': key }) },
    payload,
  });

describe('an Idempotency-Key', () => {
  it('makes a repetition answer what the first did, and do nothing', async () => {
    const before = made;
    const [first, second] = [await post('key-1', { a: 1 }), await post('key-1', { a: 1 })];
    expect(made - before).toBe(1);
    expect(second.statusCode).toBe(201);
    expect(second.body).toBe(first.body);
    expect(second.headers.location).toBe(first.headers.location);
    expect(second.headers['content-type']).toBe(first.headers['content-type']);
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect(second.headers['idempotency-replayed']).toBe('true');
  });

  it('belongs to one request: another body or path is refused', async () => {
    await post('key-2', { a: 1 });
    expect((await post('key-2', { a: 2 })).json()).toMatchObject({
      code: 'idempotency_key_reused',
      status: 422,
    });
  });

  it('belongs to one person', async () => {
    const bob = await signedInPerson(front, [], 'Bob');
    const before = made;
    await post('key-3');
    await post('key-3', {}, bob.headers);
    expect(made - before).toBe(2);
  });

  it('says that the first request is still being worked on', async () => {
    const inside = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const first = post('key-4', { wait: true });
    await inside;
    const second = await post('key-4', { wait: true });
    expect(second.json()).toMatchObject({ code: 'idempotency_in_flight', status: 409, retryable: true });
    expect(second.headers['retry-after']).toBe('1');
    release?.();
    expect((await first).statusCode).toBe(201);
    expect((await post('key-4', { wait: true })).headers['idempotency-replayed']).toBe('true');
  });

  it('of many at once lets one through', async () => {
    const before = made;
    const answers = await Promise.all(Array.from({ length: 10 }, () => post('key-5')));
    expect(made - before).toBe(1);
    expect(answers.every(({ statusCode }) => statusCode === 201 || statusCode === 409)).toBe(true);
  });

  it('is given back when the request failed, so that it can be tried again', async () => {
    const before = made;
    expect((await post('key-6', { fail: true })).statusCode).toBe(500);
    expect((await post('key-6', { fail: true })).statusCode).toBe(500);
    expect(made - before).toBe(2);
  });

  it('left by a process that died is taken over after a while', async () => {
    await post('key-7');
    const abandon = (age: string) =>
      sql`UPDATE idempotency SET status = NULL, response = NULL, created_at = now() - ${age}::interval
        WHERE key = 'key-7'`.execute(front.database.db);
    await abandon('1 minute');
    expect((await post('key-7')).statusCode).toBe(409);
    await abandon('1 hour');
    const before = made;
    expect((await post('key-7')).statusCode).toBe(201);
    expect(made - before).toBe(1);
  });

  it.each(['', ' ', 'a b', 'é', 'x'.repeat(201)])('%j is none', async (key) => {
    expect((await post(key)).json()).toMatchObject({ code: 'idempotency_key_invalid', status: 400 });
  });

  it('never keeps a secret that is told once', async () => {
    const create = () =>
      front.app.inject({
        method: 'POST',
        url: '/api/v1/tokens',
        headers: { ...ada.headers, 'idempotency-key': 'key-8' },
        payload: { name: 'ci' },
      });
    const { secret } = (await create()).json();
    expect(secret).toMatch(/^blt_/);
    expect((await create()).json()).toMatchObject({ code: 'idempotency_secret_told', status: 409 });
    const kept = JSON.stringify(await front.database.db.selectFrom('idempotency').selectAll().execute());
    expect(kept).not.toContain(secret);
  });

  it('is looked at only after it is known who asks', async () => {
    expect((await post('key-1', { a: 1 }, {})).statusCode).toBe(401);
  });
});
