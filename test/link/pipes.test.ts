import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { systemClock } from '@backlot/contract';
import { createPipes } from '@backlot/control/pipes/create-pipes';
import type { App } from '@backlot/control/workload';
import { sendToPipe } from '@backlot/node/workload';
import Fastify from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const pipes = createPipes(systemClock);
const app = Fastify();
let control = '';
const never = new AbortController().signal;

beforeAll(async () => {
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  pipes.routes(app as unknown as App);
  control = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  pipes.close();
  await app.close();
});
const send = (url: string, body: () => Readable, signal = never) =>
  sendToPipe(url, body, { signal, control });

describe('a pipe', () => {
  it('brings all bytes from one end to the other, and tells the sender that they were read', async () => {
    const bytes = randomBytes(5 * 1024 * 1024);
    const pipe = pipes.open({ timeoutMs: 10_000 });
    const sending = send(pipe.url, () => Readable.from([bytes]));
    expect((await buffer(await pipe.body)).equals(bytes)).toBe(true);
    expect(await sending).toBe('read');
    expect(pipes.open_).toBe(0);
  });

  it('brings nothing more than is read: what nobody takes stays with the sender', async () => {
    const pipe = pipes.open({ timeoutMs: 10_000 });
    let made = 0;
    const endless = () =>
      new Readable({
        read() {
          made += 65_536;
          this.push(Buffer.alloc(65_536));
        },
      });
    const sending = send(pipe.url, endless);
    const body = await pipe.body;
    let before = -1;
    await vi.waitFor(() => {
      const same = made === before;
      before = made;
      expect(same).toBe(true);
    }, 90_000);
    expect(made).toBeLessThan(64 * 1024 * 1024);
    body.destroy();
    // The reader has had enough: no fault of anybody's.
    expect(await sending).toBe('left');
    await vi.waitFor(() => expect(pipes.open_).toBe(0), 20_000);
  });

  it('works once, and never for a ticket that was made up', async () => {
    const pipe = pipes.open({ timeoutMs: 10_000 });
    const sending = send(pipe.url, () => Readable.from(['x']));
    await buffer(await pipe.body);
    await sending;
    for (const url of [pipe.url, '/api/v1/node/pipes/made-up']) {
      await expect(send(url, () => Readable.from(['x']))).rejects.toMatchObject({ code: 'pipe_refused' });
    }
    await expect(send('http://example.org/pipe', () => Readable.from(['x']))).rejects.toMatchObject({
      code: 'pipe_refused',
    });
  });

  it('breaks for the reader when nobody comes, when the sender breaks off, and when nothing comes any more', async () => {
    await expect(pipes.open({ timeoutMs: 50 }).body).rejects.toMatchObject({ code: 'pipe_broken' });

    const cut = pipes.open({ timeoutMs: 10_000 });
    const abort = new AbortController();
    const half = new PassThrough();
    half.write('half');
    const sending = send(cut.url, () => half, abort.signal).catch((error: unknown) => error);
    const reading = buffer(await cut.body);
    reading.catch(() => undefined);
    abort.abort(new Error('killed'));
    await expect(reading).rejects.toThrow();
    await sending;

    const silent = pipes.open({ timeoutMs: 100 });
    const says = new PassThrough();
    says.write('one');
    const stalled = send(silent.url, () => says).catch((error: unknown) => error);
    await expect(buffer(await silent.body)).rejects.toMatchObject({ code: 'pipe_broken' });
    await stalled;
    await vi.waitFor(() => expect(pipes.open_).toBe(0), 20_000);
  });

  it('sends a sender away whose reader has given up', async () => {
    const abort = new AbortController();
    const pipe = pipes.open({ timeoutMs: 10_000, signal: abort.signal });
    abort.abort();
    await expect(pipe.body).rejects.toMatchObject({ code: 'pipe_broken' });
    await expect(send(pipe.url, () => Readable.from(['x']))).rejects.toMatchObject({ code: 'pipe_refused' });
  });

  it('takes chunks of a program in any language, without the question before', async () => {
    const pipe = pipes.open({ timeoutMs: 10_000 });
    const client = request(new URL(pipe.url, control), { method: 'POST' });
    client.write('a');
    client.end('b');
    expect(String(await buffer(await pipe.body))).toBe('ab');
    const [answer] = (await once(client, 'response')) as [IncomingMessage];
    expect(answer.statusCode).toBe(204);
    answer.resume();
  });
});
