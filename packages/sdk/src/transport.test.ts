import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '@backlot/contract/clock';
import { systemClock } from '@backlot/contract/clock';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ApiError, UnexpectedAnswerError, UnreachableError } from './errors.ts';
import { collect, everyItem } from './paging.ts';
import { Transport, type TransportOptions } from './transport.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

async function serve(handler: Handler) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    handler(request, response, requests.length);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** Waits pass at once, and are remembered. */
function impatientClock(): Clock & { readonly waits: number[] } {
  const waits: number[] = [];
  return { ...systemClock, waits, sleep: async (ms) => void waits.push(ms) };
}

function problem(
  response: ServerResponse,
  status: number,
  code: string,
  retryable: boolean,
  retryAfter?: string,
) {
  response.writeHead(status, {
    'content-type': 'application/problem+json',
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
  });
  response.end(
    JSON.stringify({ type: 'about:blank', title: 't', status, detail: `Because ${code}.`, code, retryable }),
  );
}

const json = (response: ServerResponse, value: unknown) => response.end(JSON.stringify(value));
const Answer = z.object({ ok: z.boolean() });

describe('a call', () => {
  it('carries token, language, key and body, and answers a value of the shape', async () => {
    let body = '';
    const { url, requests } = await serve((request, response) => {
      request.on('data', (piece) => {
        body += piece;
      });
      request.on('end', () => json(response, { ok: true, more: 'left out' }));
    });
    const transport = new Transport({ baseUrl: `${url}/`, token: 'blt_x', language: 'zh-CN' });
    const answer = await transport.call('POST', '/api/v1/things', Answer, {
      json: { name: '椅子' },
      idempotencyKey: 'k1',
      query: { a: 1, b: [true, 'x y'], c: undefined },
    });
    expect(answer).toEqual({ ok: true });
    expect(body).toBe('{"name":"椅子"}');
    expect(requests[0]?.url).toBe('/api/v1/things?a=1&b=true&b=x+y');
    expect(requests[0]?.headers).toMatchObject({
      authorization: 'Bearer blt_x',
      'accept-language': 'zh-CN',
      'idempotency-key': 'k1',
      'content-type': 'application/json',
    });
  });

  it('sends the headers of a mutation with mutations only', async () => {
    const { url, requests } = await serve((_request, response) => json(response, { ok: true }));
    const transport = new Transport({ baseUrl: url, mutationHeaders: () => ({ 'x-csrf-token': 'c' }) });
    await transport.call('GET', '/', Answer);
    await transport.call('DELETE', '/', Answer);
    expect(requests.map((request) => request.headers['x-csrf-token'])).toEqual([undefined, 'c']);
  });

  it('ends in the problem that the server describes', async () => {
    const { url } = await serve((_request, response) => problem(response, 409, 'conflict', false));
    const error = await new Transport({ baseUrl: url })
      .call('GET', '/', Answer)
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 'conflict', status: 409, message: 'Because conflict.' });
  });

  it('makes a problem of an answer that has none, as a proxy gives it', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(502, { 'content-type': 'text/html', 'retry-after': '3' });
      response.end('<h1>Bad Gateway</h1>');
    });
    const error = await new Transport({ baseUrl: url })
      .call('GET', '/', Answer)
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'http_error',
      status: 502,
      retryAfterS: 3,
      problem: { retryable: true },
    });
  });

  it('refuses an answer that is not in the contract', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/html') response.end('<html>');
      else json(response, { ok: 'yes' });
    });
    const transport = new Transport({ baseUrl: url });
    await expect(transport.call('GET', '/html', Answer)).rejects.toThrow(/not JSON/);
    await expect(transport.call('GET', '/json', Answer)).rejects.toThrow(/at ok: /);
    await expect(transport.call('GET', '/json', Answer)).rejects.toBeInstanceOf(UnexpectedAnswerError);
  });

  it('says that nobody listens, and why', async () => {
    const { url } = await serve(() => undefined);
    servers.splice(0).forEach((server) => void server.close());
    const error = await new Transport({ baseUrl: url }).run('GET', '/').catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UnreachableError);
    expect((error as Error).message).toMatch(/can't be reached \(.*ECONNREFUSED/);
  });

  it('gives up when no answer begins in time', async () => {
    const { url } = await serve(() => undefined);
    const call = new Transport({ baseUrl: url, timeoutMs: 50 }).run('GET', '/');
    await expect(call).rejects.toMatchObject({ name: 'UnreachableError', reason: 'timeout' });
  });

  it('lets a download take longer than the time to its beginning', async () => {
    const { url } = await serve((_request, response) => {
      response.write('{"ok":');
      setTimeout(() => response.end('true}'), 200);
    });
    const answer = await new Transport({ baseUrl: url, timeoutMs: 100 }).call('GET', '/', Answer);
    expect(answer).toEqual({ ok: true });
  });

  it('ends with the reason of its signal', async () => {
    const { url } = await serve(() => undefined);
    const reason = new Error('enough');
    const call = new Transport({ baseUrl: url }).run('GET', '/', { signal: AbortSignal.abort(reason) });
    await expect(call).rejects.toBe(reason);
  });
});

describe('another try', () => {
  const options = (baseUrl: string, clock: Clock): TransportOptions => ({
    baseUrl,
    clock,
    retries: 3,
    random: () => 0,
  });

  it('is made for a read after a passing failure, at the time the server asks for', async () => {
    const clock = impatientClock();
    const { url, requests } = await serve((_request, response, count) => {
      if (count === 1) problem(response, 503, 'database_unavailable', true, '2');
      else if (count === 2) problem(response, 503, 'database_unavailable', true);
      else json(response, { ok: true });
    });
    await new Transport(options(url, clock)).call('GET', '/', Answer);
    expect(requests).toHaveLength(3);
    expect(clock.waits).toEqual([2000, 200]);
  });

  it('is not made for a mutation without a key, which may have worked', async () => {
    const { url, requests } = await serve((_request, response) => problem(response, 503, 'x', true));
    const transport = new Transport(options(url, impatientClock()));
    await expect(transport.run('POST', '/', { json: {} })).rejects.toThrow();
    expect(requests).toHaveLength(1);
    await expect(transport.run('POST', '/', { json: {}, idempotencyKey: 'k' })).rejects.toThrow();
    expect(requests).toHaveLength(5);
  });

  it('is not made when it would fail again', async () => {
    const { url, requests } = await serve((_request, response) => problem(response, 404, 'not_found', false));
    await expect(new Transport(options(url, impatientClock())).run('GET', '/')).rejects.toThrow();
    expect(requests).toHaveLength(1);
  });
});

describe('a list', () => {
  const pages: Record<string, { items: number[]; next?: string }> = {
    '': { items: [1, 2], next: 'b' },
    b: { items: [], next: 'c' },
    c: { items: [3] },
  };

  it('is read to its end, also over an empty page', async () => {
    expect(await collect(everyItem(async (cursor) => pages[cursor ?? ''] ?? { items: [] }))).toEqual([
      1, 2, 3,
    ]);
  });

  it('fetches no page that nobody reads', async () => {
    const asked: (string | undefined)[] = [];
    const list = everyItem(async (cursor) => {
      asked.push(cursor);
      return pages[cursor ?? ''] ?? { items: [] };
    });
    expect(await collect(list, 2)).toEqual([1, 2]);
    expect(asked).toEqual([undefined]);
  });
});
