import { Problem } from '@backlot/contract';
import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startControl, type TestControl } from './control.ts';
import { makeThings, requestFor, type Things } from './things.ts';

let test: TestControl;
let things: Things;
let routes: { method: string; url: string }[];

beforeAll(async () => {
  test = await startControl();
  const { http } = test.control;
  const project = await http.app.inject({
    method: 'POST',
    url: '/api/v1/projects',
    headers: { authorization: `Bearer ${test.adminToken}` },
    payload: { slug: 'film', name: 'Film' },
  });
  things = await makeThings(test, { project: project.json().id, elsewhere: '' });
  routes = http.routes().filter(({ url }) => !/\/(log\/)?stream$/.test(url));
});
afterAll(() => test.close());

const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const long = 'x'.repeat(4_096);

/** Bodies that no route understands, or that try to do harm. */
const bodies: readonly (readonly [name: string, payload: string | Buffer, type?: string])[] = [
  ['nothing', ''],
  ['null', 'null'],
  ['a number', '12'],
  ['a huge number', '{"priority":1e999,"limit":123456789012345678901234567890}'],
  ['a string', '"text"'],
  ['a list', '[]'],
  ['half an object', '{"name":'],
  ['two objects', '{}{}'],
  ['not JSON', 'name=x&role=admin'],
  ['binary', Buffer.from([0, 255, 254, 0, 128, 192])],
  ['another encoding', Buffer.from('\ufeff{"name":"x"}', 'utf16le')],
  ['a byte order mark', '\ufeff{"name":"x"}'],
  ['a prototype', '{"__proto__":{"admin":true}}'],
  ['a constructor', '{"constructor":{"prototype":{"admin":true}}}'],
  ['U+0000', '{"name":"a\\u0000b","slug":"a","email":"a\\u0000@example.com","url":"https://a/\\u0000"}'],
  ['half a surrogate pair', '{"name":"\\ud83c","parameters":{"note":"\\udc00"}}'],
  ['deep nesting', deep(20_000)],
  ['a deep object', `{"parameters":${'{"a":'.repeat(500)}1${'}'.repeat(500)}}`],
  ['many keys', JSON.stringify(Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`k${n}`, n])))],
  ['more than a megabyte', JSON.stringify({ name: 'x'.repeat(1_100_000) })],
  ['wrong types', '{"name":{},"slug":[],"email":1,"role":null,"projectId":true,"kinds":"*","parameters":[]}'],
  [
    'SQL',
    `{"name":"'; DROP TABLE account; --","slug":"a' OR '1'='1","kind":"x'; SELECT pg_sleep(9)","email":"a'b@example.com"}`,
  ],
  ['a shell', '{"name":"$(reboot)","url":"file:///etc/passwd","kind":"`id`"}'],
  ['a path', '{"name":"../../etc/passwd","projectId":"../..","sha256":"..%2f.."}'],
  [
    'long texts',
    JSON.stringify({ name: long, slug: long, email: `${long}@example.com`, token: long, password: long }),
  ],
  ['negative and fractional numbers', '{"priority":-1e9,"weight":-0.5,"limit":-1,"size":1.5,"uses":0}'],
  ['a form', 'name=x', 'application/x-www-form-urlencoded'],
  [
    'multipart',
    '--b\r\ncontent-disposition: form-data; name="x"\r\n\r\n1\r\n--b--',
    'multipart/form-data; boundary=b',
  ],
  ['XML', '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>', 'application/xml'],
  ['an unknown charset', '{}', 'application/json; charset=klingon'],
  ['a malformed type', '{}', 'application/json;;;=,'],
];

/** Ids and path segments that are none. */
const segments: readonly string[] = [
  'x',
  '0',
  '-1',
  'null',
  'undefined',
  '%00',
  '%ff',
  '%E0%A4%A',
  '..%2f..%2fetc%2fpasswd',
  "'%20OR%201=1",
  '%F0%9F%8E%AC',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  'a'.repeat(400),
  'a'.repeat(2_000),
  '*',
  '%2e%2e',
];

const queries: readonly string[] = [
  'limit=0',
  'limit=-1',
  'limit=501',
  'limit=NaN',
  'limit=1e9',
  'limit[]=1',
  'limit=1&limit=2',
  'cursor=',
  'cursor=%00',
  'cursor=AAAA',
  `cursor=${Buffer.from('{"seq":"1"}').toString('base64url')}`,
  `cursor=${Buffer.from('{"id":"x"}').toString('base64url')}`,
  `cursor=${Buffer.from('{"seq":99999999999999999999}').toString('base64url')}`,
  `cursor=${Buffer.from('[1,2]').toString('base64url')}`,
  `cursor=${Buffer.from('{"id":{"$ne":1}}').toString('base64url')}`,
  `cursor=${'A'.repeat(2_000)}`,
  'state=nonsense',
  'projectId=nonsense',
  'projectId[$ne]=1',
  'after=-1',
  'after=99999999999999999999',
  'from=yesterday',
  'text=%00',
  'text=%25%5C%27',
  'kind=*.*',
  '__proto__[x]=1',
  '%',
  'text=%ED%A0%80',
  'minutes=99999999',
  'from=-99999999999999999999',
  'open=perhaps',
  'ids=x,y,z',
  'raw=2&stream=stdin',
];

const headerSets: readonly Readonly<Record<string, string>>[] = [
  { authorization: 'Bearer' },
  { authorization: 'Bearer  ' },
  { authorization: 'Basic YTpi' },
  { authorization: `Bearer ${'x'.repeat(4_000)}` },
  { authorization: 'Bearer blt_' },
  { authorization: 'Bearer a.b.c' },
  { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.' },
  { authorization: 'Bearer é' },
  { cookie: 'backlot_session=' },
  { cookie: 'backlot_session=%00; x' },
  { cookie: ';;;===;' },
  { 'accept-language': 'xx-YY;q=abc,,;q=1' },
  { 'accept-language': '*'.repeat(2_000) },
  { accept: 'image/png' },
  { 'x-request-id': '\t' },
  { 'x-request-id': '../../x' },
  { origin: 'null' },
  { host: '' },
  { 'idempotency-key': '' },
  { 'idempotency-key': 'x'.repeat(201) },
  { 'last-event-id': 'x' },
  { range: 'bytes=-' },
  { range: 'bytes=5-1,2-' },
  { 'upload-metadata': '!!!' },
  { 'tus-resumable': '9.9.9' },
  { 'upload-offset': '-1' },
  { 'upload-length': '1e3' },
  { 'if-none-match': '"'.repeat(500) },
  { 'content-length': 'x' },
  { expect: 'nothing' },
];

/** Sends one request and says what is wrong with the answer, if anything is. */
async function faultOf(what: string, options: InjectOptions): Promise<string | undefined> {
  const { app } = test.control.http;
  const answer = await app.inject({
    ...options,
    headers: { authorization: `Bearer ${test.adminToken}`, ...options.headers },
  });
  const status = answer.statusCode;
  if (status >= 500) return `${what}: ${status} ${answer.body.slice(0, 300)}`;
  if (status < 400 || options.method === 'HEAD') return undefined;
  if (!Problem.safeParse(answer.json()).success)
    return `${what}: no problem document: ${answer.body.slice(0, 200)}`;
  if (/\bat .*\.ts:\d+|node_modules|SELECT |INSERT /.test(answer.body))
    return `${what}: tells too much: ${answer.body.slice(0, 300)}`;
  return undefined;
}

/** Tries something on every route that it fits, with addresses that change so that no limit hides a fault. */
async function tryAll(
  make: (route: { method: string; url: string }) => (readonly [string, InjectOptions])[],
): Promise<{ faults: string[]; tried: number }> {
  const faults: string[] = [];
  let tried = 0;
  for (const route of routes) {
    for (const [what, options] of make(route)) {
      tried += 1;
      const remoteAddress = `10.${(tried >> 16) & 255}.${(tried >> 8) & 255}.${tried & 255}`;
      const fault = await faultOf(`${route.method} ${route.url} with ${what}`, { ...options, remoteAddress });
      if (fault) faults.push(fault);
    }
  }
  return { faults, tried };
}

// Some 8,000 requests in all: generous, because the machine may be busy with other tests.
describe('no request makes us fail', { timeout: 300_000 }, () => {
  it('whatever its body', async () => {
    const { faults, tried } = await tryAll(({ method, url }) => {
      if (!['POST', 'PUT', 'PATCH'].includes(method)) return [];
      const request = requestFor(method, url, things);
      return bodies.map(([name, payload, type = 'application/json']) => [
        name,
        {
          method: method as 'POST',
          url: request.url,
          payload,
          headers: { ...request.headers, 'content-type': type },
        },
      ]);
    });
    expect(faults).toEqual([]);
    expect(tried).toBeGreaterThan(800);
  });

  it('whatever stands in its path', async () => {
    const { faults } = await tryAll(({ method, url }) =>
      url.includes(':') || url.includes('*')
        ? segments.map((segment) => [
            segment.slice(0, 40),
            {
              method: method as 'GET',
              url: url.replace(/:\w+|\*/g, segment),
              ...(method === 'GET' ? {} : { payload: {} }),
            },
          ])
        : [],
    );
    expect(faults).toEqual([]);
  });

  it('whatever its query', async () => {
    const { faults } = await tryAll(({ method, url }) =>
      method === 'GET'
        ? queries.map((query) => [
            query.slice(0, 60),
            { method: 'GET', url: `${requestFor(method, url, things).url}?${query}` },
          ])
        : [],
    );
    expect(faults).toEqual([]);
  });

  it('whatever its headers', async () => {
    const { faults } = await tryAll(({ method, url }) => {
      const request = requestFor(method, url, things);
      return headerSets.map((headers) => [
        JSON.stringify(headers).slice(0, 60),
        {
          method: method as 'GET',
          url: request.url,
          headers: { ...request.headers, ...headers },
          ...(request.payload ? { payload: request.payload } : {}),
        },
      ]);
    });
    expect(faults).toEqual([]);
  });

  it('and we are still there', async () => {
    const answer = await test.control.http.app.inject({ url: '/readyz' });
    expect(answer.statusCode).toBe(200);
  });
});
