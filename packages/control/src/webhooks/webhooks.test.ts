import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WebhookDelivery } from '@backlot/contract';
import { type Person, signedInPerson } from '@backlot/testkit/person';
import { createTestFront, type TestFront } from '@backlot/testkit/test-front';
import { sql } from 'kysely';
import { Webhook as Verifier } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

let front: TestFront;
let project: string;
let admin: Person;

beforeAll(async () => {
  front = await createTestFront();
  admin = await signedInPerson(front, [{ projectId: null, role: 'admin' }], 'Ada');
  project = (await call('POST', '/api/v1/projects', { slug: 'film', name: 'Film' })).body.id;
  await allowLoopback(true);
});
afterAll(() => front.close());

const call = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object) => {
  const answer = await front.app.inject({
    method,
    url,
    headers: { ...admin.headers },
    ...(payload ? { payload } : {}),
  });
  return { status: answer.statusCode, body: answer.body === '' ? undefined : answer.json() };
};
const allowLoopback = (allowed: boolean) =>
  call('PATCH', '/api/v1/settings', { webhooks: { allowPrivateNetworks: true, allowLoopback: allowed } });

/** A real receiver that notes what it gets and answers as it is told. */
interface Receiver {
  readonly url: string;
  readonly got: { headers: IncomingMessage['headers']; body: string }[];
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  until(count: number): Promise<void>;
}
const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(
    servers.splice(0).map(
      (server) =>
        new Promise((resolve) => {
          server.close(resolve);
          server.closeAllConnections();
        }),
    ),
  );
  await front.database.db.deleteFrom('webhook').execute();
});

async function receive(): Promise<Receiver> {
  const receiver: Omit<Receiver, 'url'> = {
    got: [],
    answer: (_request, response) => response.writeHead(204).end(),
    until: async (count) => {
      await expect.poll(() => receiver.got.length, { timeout: 60_000 }).toBeGreaterThanOrEqual(count);
    },
  };
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      receiver.got.push({ headers: request.headers, body: Buffer.concat(pieces).toString() });
      receiver.answer(request, response);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(receiver, { url: `http://127.0.0.1:${port}/hook` });
}

async function subscribe(url: string, kinds = ['job.*']) {
  const { body } = await call('POST', '/api/v1/webhooks', { projectId: project, url, kinds });
  return body as { webhook: { id: string }; secret: string };
}
async function happen(kind: string, id: string, projectId: string | null = project): Promise<void> {
  await front.database.store.transaction((tx) =>
    front.events.append(tx, [{ projectId, kind, subject: { kind: 'job', id }, body: { note: '渲染' } }]),
  );
  front.events.wake();
}
const deliveries = async (id: string): Promise<WebhookDelivery[]> =>
  (await call('GET', `/api/v1/webhooks/${id}/deliveries`)).body.items;
/** Makes what waits due now: nobody waits five seconds, let alone a day, in a test. */
const hurry = async (id: string) => {
  await front.database.db
    .updateTable('webhook_delivery')
    .set({ next_at: sql<Date>`now()` })
    .where('webhook_id', '=', id)
    .where('state', '=', 'pending')
    .execute();
};

describe('a webhook', () => {
  it('is sent the events of its kinds and its project, signed so that the standard library verifies them', async () => {
    const receiver = await receive();
    const { webhook, secret } = await subscribe(receiver.url);
    await happen('node.lost', 'n1');
    await happen('job.created', 'other', null);
    await happen('job.created', 'j1');
    await receiver.until(1);
    const [first] = receiver.got;
    const payload = new Verifier(secret).verify(first?.body ?? '', first?.headers as Record<string, string>);
    expect(payload).toMatchObject({
      type: 'job.created',
      data: { projectId: project, subject: { kind: 'job', id: 'j1' }, body: { note: '渲染' } },
    });
    expect(first?.headers['content-type']).toBe('application/json');
    await expect
      .poll(async () => (await deliveries(webhook.id)).map(({ state }) => state))
      .toEqual(['delivered']);
    expect((await call('GET', `/api/v1/webhooks/${webhook.id}`)).body.lastDelivery).toMatchObject({
      ok: true,
      status: 204,
    });
  });

  it('is tried again with the same id until it is taken, and the log says what went wrong', async () => {
    const receiver = await receive();
    receiver.answer = (_request, response) => response.writeHead(500).end('out of order');
    const { webhook, secret } = await subscribe(receiver.url);
    await happen('job.ended', 'j2');
    await receiver.until(1);
    await expect.poll(async () => (await deliveries(webhook.id))[0]?.error).toBe('500: out of order');
    const [waiting] = await deliveries(webhook.id);
    expect(waiting).toMatchObject({ state: 'pending', attempts: 1, status: 500 });
    expect(new Date(waiting?.nextAt ?? 0).getTime()).toBeGreaterThan(Date.now());
    receiver.answer = (_request, response) => response.writeHead(200).end();
    await hurry(webhook.id);
    await receiver.until(2);
    const [one, two] = receiver.got;
    expect(two?.headers['webhook-id']).toBe(one?.headers['webhook-id']);
    new Verifier(secret).verify(two?.body ?? '', two?.headers as Record<string, string>);
    await expect
      .poll(async () => (await deliveries(webhook.id))[0])
      .toMatchObject({ state: 'delivered', attempts: 2, error: null });
  });

  it('can be replayed by hand', async () => {
    const receiver = await receive();
    const { webhook } = await subscribe(receiver.url);
    await happen('job.ended', 'j3');
    await receiver.until(1);
    await expect.poll(async () => (await deliveries(webhook.id))[0]?.state).toBe('delivered');
    const [delivery] = await deliveries(webhook.id);
    const replayed = await call('POST', `/api/v1/webhooks/${webhook.id}/deliveries/${delivery?.id}/replay`);
    expect(replayed).toMatchObject({ status: 200, body: { state: 'pending', attempts: 0 } });
    await receiver.until(2);
    expect(receiver.got[1]?.headers['webhook-id']).toBe(receiver.got[0]?.headers['webhook-id']);
  });

  it('does not follow redirects', async () => {
    const elsewhere = await receive();
    const receiver = await receive();
    receiver.answer = (_request, response) => response.writeHead(307, { location: elsewhere.url }).end();
    const { webhook } = await subscribe(receiver.url);
    await happen('job.ended', 'j4');
    await expect
      .poll(async () => (await deliveries(webhook.id))[0]?.error)
      .toBe('307: redirects are not followed');
    expect(elsewhere.got).toEqual([]);
  });

  it('is given up for the receiver’s 410, and switched off', async () => {
    const receiver = await receive();
    receiver.answer = (_request, response) => response.writeHead(410).end();
    const { webhook } = await subscribe(receiver.url);
    await happen('job.ended', 'j5');
    await expect.poll(async () => (await deliveries(webhook.id))[0]?.state).toBe('failed');
    await expect
      .poll(async () => (await call('GET', `/api/v1/webhooks/${webhook.id}`)).body.enabled)
      .toBe(false);
  });

  it('reads no more of an answer than it shows', async () => {
    const receiver = await receive();
    let closed = false;
    receiver.answer = (request, response) => {
      request.socket.once('close', () => {
        closed = true;
      });
      response.writeHead(500);
      const pour = () => {
        if (closed) return;
        response.write('y'.repeat(64 * 1024));
        setImmediate(pour);
      };
      pour();
    };
    const { webhook } = await subscribe(receiver.url);
    await happen('job.ended', 'j6');
    await expect
      .poll(async () => (await deliveries(webhook.id))[0]?.error?.length, { timeout: 60_000 })
      .toBe(305);
    await expect.poll(() => closed).toBe(true);
  });

  it('that nobody answers is noted as such', async () => {
    const { webhook } = await subscribe('http://127.0.0.1:1/closed');
    await happen('job.ended', 'j7');
    await expect
      .poll(async () => (await deliveries(webhook.id))[0])
      .toMatchObject({ state: 'pending', status: null });
    await expect.poll(async () => (await deliveries(webhook.id))[0]?.error).toContain('ECONNREFUSED');
  });

  it('that is slow does not hold up another', async () => {
    const slow = await receive();
    const waiting: ServerResponse[] = [];
    slow.answer = (_request, response) => void waiting.push(response);
    const quick = await receive();
    await subscribe(slow.url);
    await subscribe(quick.url);
    for (let n = 0; n < 12; n += 1) await happen('job.changed', `s${n}`);
    await quick.until(12);
    expect(slow.got.length).toBeLessThanOrEqual(4);
    for (const response of waiting) response.end();
  });

  it('gets every event once when nothing goes wrong', async () => {
    const receiver = await receive();
    await subscribe(receiver.url);
    const ids = Array.from({ length: 40 }, (_, n) => `once-${n}`);
    await Promise.all(ids.map((id) => happen('job.changed', id)));
    await receiver.until(40);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const got = receiver.got.map(({ body }) => JSON.parse(body).data.subject.id);
    expect(got.sort()).toEqual(ids.sort());
  });
});

describe('addresses', () => {
  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://[fe80::1]/',
    'http://0.0.0.0:9/',
    'http://[::ffff:169.254.169.254]/',
  ])('that are never a receiver are refused: %s', async (url) => {
    expect(await call('POST', '/api/v1/webhooks', { projectId: project, url })).toMatchObject({
      status: 400,
      body: { code: 'webhook_address_forbidden', pointer: 'body.url' },
    });
  });

  it('of this machine are refused until an administrator allows them', async () => {
    const receiver = await receive();
    const { webhook } = await subscribe(receiver.url);
    await allowLoopback(false);
    for (const url of [
      receiver.url,
      'http://localhost:1/',
      'http://[::1]/',
      'http://2130706433/',
      'http://0x7f.1/',
    ]) {
      expect((await call('POST', '/api/v1/webhooks', { projectId: project, url })).body.code).toBe(
        'webhook_address_loopback',
      );
    }
    // One that was made while it was allowed is not called any more either.
    await happen('job.ended', 'j8');
    await expect.poll(async () => (await deliveries(webhook.id))[0]?.error).toContain('own machine');
    expect(receiver.got).toEqual([]);
    await allowLoopback(true);
  });

  it('are judged by what their name resolves to', async () => {
    await allowLoopback(false);
    const { send } = await import('./sender.ts');
    const { systemClock } = await import('@backlot/contract/clock');
    // Resolved by the system as 127.0.0.1 or ::1, and not spelled "localhost".
    const attempt = await send(
      { url: 'http://ip6-localhost:1/', headers: {}, body: '{}' },
      { allowPrivateNetworks: true, allowLoopback: false },
      systemClock,
      new AbortController().signal,
    );
    expect(attempt.ok).toBe(false);
    expect(attempt.error).toMatch(/own machine|ENOTFOUND|EAI_AGAIN/);
    await allowLoopback(true);
  });

  it.each(['ftp://example.com', 'file:///etc/passwd', 'javascript:alert(1)', 'example.com'])(
    'that are not http are refused: %s',
    async (url) => {
      expect((await call('POST', '/api/v1/webhooks', { projectId: project, url })).body.code).toBe(
        'invalid_input',
      );
    },
  );
});
