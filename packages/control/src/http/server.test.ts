import { connect } from 'node:net';
import { Problem } from '@backlot/contract';
import { createTestFront, type TestFront } from '@backlot/testkit/test-front';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let front: TestFront;
beforeAll(async () => {
  front = await createTestFront();
});
afterAll(() => front.close());

const asAdmin = () => ({ authorization: `Bearer ${front.adminToken}` });

describe('every answer', () => {
  it('carries the request id, and headers that let a browser do nothing with it', async () => {
    const answer = await front.app.inject({ url: '/healthz' });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['content-security-policy']).toContain("frame-ancestors 'none'");
  });
});

describe('errors', () => {
  it.each([
    ['en', 'You are not signed in'],
    ['zh-CN', '您尚未登录'],
  ])('are problem documents in %s', async (language, words) => {
    const answer = await front.app.inject({
      url: '/api/v1/me',
      headers: { 'accept-language': language },
    });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.headers['content-language']).toBe(language);
    expect(answer.headers['www-authenticate']).toContain('Bearer');
    const problem = Problem.parse(answer.json());
    expect(problem).toMatchObject({
      code: 'unauthenticated',
      status: 401,
      type: 'urn:backlot:error:unauthenticated',
    });
    expect(problem.detail).toContain(words);
    expect(problem.requestId).toBe(answer.headers['x-request-id']);
  });

  it('name every fault of the input with its place, in the language of the reader', async () => {
    const send = (language: string) =>
      front.app.inject({
        method: 'POST',
        url: '/api/v1/projects',
        headers: { ...asAdmin(), 'accept-language': language },
        payload: { slug: 'Not A Slug', name: '' },
      });
    const english = Problem.parse((await send('en')).json());
    const chinese = Problem.parse((await send('zh-CN')).json());
    expect(english.issues?.map((issue) => issue.pointer)).toEqual(['body.slug', 'body.name']);
    expect(english.issues?.[0]?.message).toBe('Use lower-case letters, digits and dashes.');
    expect(chinese.issues?.[1]?.message).toMatch(/[\u4e00-\u9fff]/);
    expect(chinese.detail).toContain('请求不符合要求');
  });
});

describe('the door', () => {
  it('does not open when a route does not say who may use it', async () => {
    await expect(
      createTestFront({
        database: front.database,
        extend: ({ http }) => {
          http.app.get('/api/v1/test/forgotten', async () => ({}));
        },
      }),
    ).rejects.toThrow('GET /api/v1/test/forgotten does not say who may use it');
  });

  it('tells programs and people apart where nothing is', async () => {
    const answer = await front.app.inject({
      url: '/api/v1/nothing?token=secret',
      method: 'POST',
      payload: {},
    });
    expect(answer.json()).toMatchObject({
      code: 'route_not_found',
      params: { method: 'POST', path: '/api/v1/nothing' },
    });
    expect(answer.body).not.toContain('secret');
  });

  it('takes over a request id that is one, and no other', async () => {
    const ask = async (id: string) =>
      (await front.app.inject({ url: '/healthz', headers: { 'x-request-id': id } })).headers['x-request-id'];
    expect(await ask('trace-42:1')).toBe('trace-42:1');
    expect(await ask('a\r\nset-cookie: x=y')).not.toContain('set-cookie');
    expect(await ask('x'.repeat(101))).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('says what is in its way when it can’t listen', async () => {
    const first = await createTestFront({ database: front.database });
    const second = await createTestFront({ database: front.database });
    const { port } = await first.http.listen('127.0.0.1', 0);
    await expect(second.http.listen('127.0.0.1', port)).rejects.toMatchObject({
      code: 'address_in_use',
      params: { port },
    });
    await expect(second.http.listen('192.0.2.1', 0)).rejects.toMatchObject({ code: 'address_not_allowed' });
    await Promise.all([first.close(), second.close()]);
  });
});

describe('bytes that are no request', () => {
  it.each([
    ['noise', '\x00\x01\x02\r\n\r\n', 400],
    ['a header without an end', `GET / HTTP/1.1\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    [
      'two lengths',
      'POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
    ],
    [
      'a length and chunks',
      'POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    ['a space too many', 'GET /healthz HTTP/1.1 \r\nHost: x\r\n\r\n', 400],
    ['no host', 'GET /healthz HTTP/1.1\r\n\r\n', 400],
    ['a method nobody knows', 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    [
      'an address that can’t be decoded',
      'GET /api/v1/jobs/%E0%A4%A HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      400,
    ],
  ])('%s: answered and closed', async (_what, bytes, status) => {
    const server = await createTestFront({ database: front.database });
    const { port } = await server.http.listen('127.0.0.1', 0);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
      let text = '';
      socket.setEncoding('utf8');
      socket.on('data', (piece: string) => {
        text += piece;
      });
      socket.on('error', () => resolve(text));
      socket.on('close', () => resolve(text));
    });
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).not.toContain('node_modules');
    await server.close();
  });
});

describe('the audit of what a handler forgets', () => {
  it('is written before the answer goes out, without the secrets of the body', async () => {
    const server = await createTestFront({
      database: front.database,
      extend: ({ http }) => {
        http.app.post(
          '/api/v1/test/widgets/:id/polish',
          { config: { access: { kind: 'signedIn' } } },
          async () => ({ ok: true }),
        );
        http.app.delete(
          '/api/v1/test/widgets/:id',
          { config: { access: { kind: 'signedIn' } } },
          async () => {
            throw new Error('not done');
          },
        );
      },
    });
    const headers = asAdmin();
    const payload = { colour: 'red', password: 'hunter2' };
    await server.app.inject({ method: 'POST', url: '/api/v1/test/widgets/w1/polish', headers, payload });
    await server.app.inject({ method: 'DELETE', url: '/api/v1/test/widgets/w1', headers });
    const rows = await server.database.db
      .selectFrom('audit')
      .selectAll()
      .where('subject_kind', '=', 'widget')
      .execute();
    expect(rows).toMatchObject([
      {
        action: 'widget.polish',
        subject_id: 'w1',
        actor_name: 'BACKLOT_ADMIN_TOKEN',
        after: { colour: 'red', password: '[redacted]' },
      },
    ]);
    await server.close();
  });
});

describe('metrics', () => {
  it('name routes by their template', async () => {
    await front.app.inject({
      url: '/api/v1/projects/019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071',
      headers: asAdmin(),
    });
    const { body } = await front.app.inject({ url: '/metrics' });
    expect(body).toMatch(
      /backlot_http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/projects\/:id",status="404"\} 1/,
    );
    expect(body).toContain('process_cpu_seconds_total');
  });

  it('are not for strangers', async () => {
    const from = (remoteAddress: string, headers = {}) =>
      front.app.inject({ url: '/metrics', remoteAddress, headers });
    expect((await from('203.0.113.9')).statusCode).toBe(401);
    expect((await from('203.0.113.9', asAdmin())).statusCode).toBe(200);
    expect((await from('127.0.0.1', { 'x-forwarded-for': '203.0.113.9' })).statusCode).toBe(401);
    expect((await from('127.0.0.1', { host: 'rebound.example:8080' })).statusCode).toBe(401);
    expect((await from('127.0.0.1', { host: '127.0.0.1:8080' })).statusCode).toBe(200);
  });
});
