import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { readTraceparent } from '@backlot/contract/trace/traceparent';
import { type OtlpReceiver, startOtlpReceiver } from '@backlot/testkit/otlp-receiver';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTracer } from './open-tracer.ts';

let receiver: OtlpReceiver;
beforeEach(async () => {
  receiver = await startOtlpReceiver();
});
afterEach(() => receiver.close());

const open = (env: Record<string, string> = {}) =>
  openTracer({ service: 'test', env: { BACKLOT_OTLP_URL: receiver.url, ...env } });
const received = (name: string) => receiver.spans.find((span) => span.name === name);

describe('a tracer', () => {
  it('is none unless an address is set', async () => {
    const tracer = await openTracer({ service: 'test', env: {} });
    expect(tracer.enabled).toBe(false);
    expect(await tracer.span('work', {}, async (span) => span.traceparent ?? 'nothing')).toBe('nothing');
    expect(tracer.current()).toBeUndefined();
  });

  it('sends spans within each other as one trace', async () => {
    const tracer = await open({ OTEL_EXPORTER_OTLP_HEADERS: 'api-key=secret' });
    await tracer.span('outer', { kind: 'server', attributes: { a: 1, b: undefined } }, async () => {
      await wait(1);
      await Promise.all([
        tracer.span('inner 1', {}, () => wait(1)),
        tracer.span('inner 2', { kind: 'client' }, () => wait(1)),
      ]);
    });
    await tracer.close();
    const outer = received('outer');
    expect(outer).toMatchObject({ kind: 2, service: 'test' });
    expect(outer?.parentSpanId ?? '').toBe('');
    for (const name of ['inner 1', 'inner 2'])
      expect(received(name)).toMatchObject({ traceId: outer?.traceId, parentSpanId: outer?.spanId });
    expect(receiver.headers[0]).toMatchObject({ 'api-key': 'secret' });
  });

  it('continues the trace that a request came with, and hands it on', async () => {
    const [first, second] = [await open(), await open()];
    const handed = await first.span('ask', { kind: 'client' }, async (span) => span.traceparent);
    await second.span('answer', { kind: 'server', parent: handed }, async (span) => {
      expect(second.current()).toBe(span.traceparent);
    });
    await Promise.all([first.close(), second.close()]);
    const asked = received('ask');
    expect(readTraceparent(handed)).toEqual({
      traceId: asked?.traceId,
      spanId: asked?.spanId,
      sampled: true,
    });
    expect(received('answer')).toMatchObject({ traceId: asked?.traceId, parentSpanId: asked?.spanId });
  });

  it('does not record what its caller does not want recorded', async () => {
    const tracer = await open();
    const parent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`;
    await tracer.span('unwanted', { parent }, async () => undefined);
    await tracer.span('wanted', { parent: 'nonsense' }, async () => undefined);
    await tracer.close();
    expect(receiver.spans.map(({ name }) => name)).toEqual(['wanted']);
  });

  it('marks as failed what has thrown, and lets the error through', async () => {
    const tracer = await open();
    const error = Object.assign(new Error('It broke.'), { code: 'broken' });
    await expect(tracer.span('work', {}, () => Promise.reject(error))).rejects.toBe(error);
    await tracer.close();
    expect(received('work')?.status).toEqual({ code: 2, message: 'It broke.' });
  });

  it('keeps apart what runs at the same time', async () => {
    const tracer = await open();
    const spans = [tracer.open('a', {}), tracer.open('b', {})];
    const seen = await Promise.all(
      spans.map((span) =>
        span.run(async () => {
          await wait(1);
          return tracer.current();
        }),
      ),
    );
    expect(seen).toEqual(spans.map((span) => span.traceparent));
    for (const span of spans) span.end();
    expect(tracer.current()).toBeUndefined();
    await tracer.close();
  });

  it('ends in time although the collector never answers', async () => {
    const mute = createServer(() => undefined);
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as { port: number };
    const tracer = await open({ BACKLOT_OTLP_URL: `http://127.0.0.1:${port}` });
    await tracer.span('lost', {}, async () => undefined);
    await tracer.close(); // The test's own limit is the assertion.
    mute.close();
  });
});
