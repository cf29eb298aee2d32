import { BacklotError } from '@backlot/contract/errors/catalogue';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import type { Fabric } from '@backlot/control/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** Two ends of one fabric, as two control replicas hold them; an adapter of one process gives the same twice. */
export interface FabricPair {
  readonly here: Fabric;
  readonly there: Fabric;
  /** Resolves when the subscriptions made so far are in effect everywhere; left out where they are at once. */
  readonly settle?: () => Promise<void>;
}

/**
 * What every adapter of the fabric has to do. It promises little on purpose: any message may be lost, so the
 * suite waits for arrival and never counts on order between subjects.
 */
export function describeFabric(name: string, open: () => Promise<FabricPair>): void {
  describe(`the fabric by ${name}`, () => {
    let here: Fabric;
    let there: Fabric;
    let settle: () => Promise<void>;
    beforeEach(async () => {
      ({ here, there, settle = async () => undefined } = await open());
    });
    afterEach(async () => {
      await here.close();
      await there.close();
    });

    it('carries a message to everybody who subscribed to its subject', async () => {
      const first = inbox(there, 'nodes.changed');
      const second = inbox(here, 'nodes.changed');
      const other = inbox(there, 'jobs.changed');
      await settle();
      here.publish('nodes.changed', { node: 'n1', list: [1, null, 'ü'] });
      await first.until(1);
      await second.until(1);
      expect(first.messages).toEqual([
        { message: { node: 'n1', list: [1, null, 'ü'] }, subject: 'nodes.changed' },
      ]);
      expect(second.messages).toHaveLength(1);
      expect(other.messages).toEqual([]);
    });

    it('understands * as one word and > as the rest', async () => {
      const one = inbox(there, 'replica.*.call');
      const rest = inbox(there, 'replica.>');
      await settle();
      here.publish('replica.a.call', 1);
      here.publish('replica.a.b.call', 2);
      here.publish('replica', 3);
      await rest.until(2);
      await one.until(1);
      expect(one.messages.map(({ message }) => message)).toEqual([1]);
      expect(rest.messages.map(({ message }) => message).sort()).toEqual([1, 2]);
    });

    it('never calls a subscriber within the publisher’s own call', async () => {
      const got = inbox(here, 'a.b');
      await settle();
      here.publish('a.b', 1);
      expect(got.messages).toEqual([]);
      await got.until(1);
    });

    it('gives each subscriber a copy of its own', async () => {
      const original = { state: 'queued', nested: { n: 1 } };
      const spoiler = there.subscribe('a.b', (message) => {
        (message as typeof original).nested.n = 99;
      });
      const got = inbox(there, 'a.b');
      await settle();
      here.publish('a.b', original);
      await got.until(1);
      spoiler();
      expect(got.messages[0]?.message).toEqual({ state: 'queued', nested: { n: 1 } });
      expect(original.nested.n).toBe(1);
    });

    it('goes on when a subscriber fails', async () => {
      there.subscribe('a.b', () => {
        throw new Error('the subscriber’s own fault');
      });
      const got = inbox(there, 'a.b');
      await settle();
      here.publish('a.b', 1);
      here.publish('a.b', 2);
      await got.until(2);
    });

    it('stops when the subscription is given back', async () => {
      const got = inbox(there, 'a.b');
      const control = inbox(there, 'a.b');
      got.stop();
      await settle();
      here.publish('a.b', 1);
      await control.until(1);
      expect(got.messages).toEqual([]);
    });

    it('carries a message of the size of a big session description', async () => {
      const got = inbox(there, 'signal.sdp');
      const sdp = 'a=candidate:1 1 udp 2122260223 192.0.2.1 51111 typ host\r\n'.repeat(2_000);
      await settle();
      here.publish('signal.sdp', { sdp });
      await got.until(1);
      expect(got.messages[0]?.message).toEqual({ sdp });
    });

    it('brings a question to one server and its answer back', async () => {
      there.serve('sum', async (message) => (message as number[]).reduce((sum, n) => sum + n, 0));
      await eventually(async () => (await here.request('sum', [1, 2, 3], { timeoutMs: 2_000 })) === 6);
    });

    it('answers many questions at the same time, each with its own answer', async () => {
      there.serve('echo', async (message) => message);
      await eventually(async () => (await here.request('echo', 0, { timeoutMs: 2_000 })) === 0);
      const questions = Array.from({ length: 100 }, (_, index) => index);
      const answers = await Promise.all(questions.map((n) => here.request('echo', n, { timeoutMs: 5_000 })));
      expect(answers).toEqual(questions);
    });

    it('brings the server’s error back with its code', async () => {
      there.serve('refuse', async () => {
        throw new BacklotError(kernelErrors.conflict, { params: { reason: 'it is full' }, retryAfterS: 3 });
      });
      there.serve('break', async () => {
        throw new Error('secret detail');
      });
      there.serve('throw', () => {
        throw new Error('before any promise');
      });
      await eventually(() => rejects(here.request('refuse', null, { timeoutMs: 2_000 }), 'conflict'));
      await expect(here.request('refuse', null, { timeoutMs: 2_000 })).rejects.toMatchObject({
        code: 'conflict',
        params: { reason: 'it is full' },
        retryAfterS: 3,
        message: expect.stringContaining('it is full') as string,
      });
      const broken = await here.request('break', null, { timeoutMs: 2_000 }).catch((error: unknown) => error);
      expect(broken).toMatchObject({ code: 'internal' });
      expect(String(broken)).not.toContain('secret');
      await expect(here.request('throw', null, { timeoutMs: 2_000 })).rejects.toMatchObject({
        code: 'internal',
      });
    });

    it('says so when nobody serves a subject', async () => {
      await expect(here.request('nobody', 1, { timeoutMs: 1_000 })).rejects.toMatchObject({
        code: 'fabric_no_responder',
        kind: { retryable: true },
      });
      const stop = there.serve('sum', async () => 1);
      await eventually(async () => (await here.request('sum', 0, { timeoutMs: 2_000 })) === 1);
      stop();
      await eventually(() => rejects(here.request('sum', 0, { timeoutMs: 1_000 }), 'fabric_no_responder'));
    });

    it('gives up at the time limit and when the caller does', async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      there.serve('slow', () => promise);
      await eventually(() => rejects(here.request('slow', 1, { timeoutMs: 30 }), 'timed_out'));
      const reason = new Error('the viewer has left');
      const caller = new AbortController();
      const question = here.request('slow', 1, { timeoutMs: 60_000, signal: caller.signal });
      caller.abort(reason);
      await expect(question).rejects.toBe(reason);
      await expect(here.request('slow', 1, { timeoutMs: 60_000, signal: caller.signal })).rejects.toBe(
        reason,
      );
      resolve();
    });

    it('refuses what is not a subject', () => {
      for (const subject of ['', 'a..b', 'a b', 'a.*', 'a.>', 'ü']) {
        expect(() => here.publish(subject, 1)).toThrow(TypeError);
      }
      expect(() => here.subscribe('a.>.b', () => undefined)).toThrow(TypeError);
    });
  });
}

function inbox(fabric: Fabric, pattern: string) {
  const messages: { message: unknown; subject: string }[] = [];
  const stop = fabric.subscribe(pattern, (message, subject) => messages.push({ message, subject }));
  return { messages, stop, until: (count: number) => eventually(() => messages.length >= count) };
}

async function eventually(check: () => boolean | Promise<boolean>): Promise<void> {
  let last: unknown;
  for (let tries = 0; tries < 500; tries += 1) {
    try {
      if (await check()) return;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('It did not come true in 5 s.', { cause: last });
}

async function rejects(question: Promise<unknown>, code: string): Promise<boolean> {
  return question.then(
    () => false,
    (error: unknown) => error instanceof BacklotError && error.code === code,
  );
}
