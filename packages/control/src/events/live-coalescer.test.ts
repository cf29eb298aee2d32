import type { Clock } from '@backlot/contract';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { LiveMessage } from './event-log.ts';
import { LiveCoalescer, liveIntervalMs } from './live-coalescer.ts';

/** Time that moves by hand and runs what is due. */
function handClock() {
  let now = 0;
  let timers: { at: number; run: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: () => Promise.resolve(),
    after(ms, run) {
      const timer = { at: now + ms, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
  };
  return {
    clock,
    move(ms: number) {
      const until = now + ms;
      for (;;) {
        const next = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        timers = timers.filter((one) => one !== next);
        now = next.at;
        next.run();
      }
      now = until;
    },
  };
}

const message = (id: string, n: number): LiveMessage => ({
  projectId: null,
  update: { kind: 'node.load', subject: { kind: 'node', id }, body: { n } },
});

it('passes the first of a subject at once, at most two a second after, and always the last', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ id: fc.constantFrom('a', 'b'), pauseMs: fc.nat(700) }), {
        minLength: 1,
        maxLength: 100,
      }),
      (updates) => {
        const { clock, move } = handClock();
        const sent: { id: string; n: number; at: number }[] = [];
        const coalescer = new LiveCoalescer(clock, ({ update }) =>
          sent.push({ id: update.subject.id, n: Number(update.body.n), at: clock.monotonic() }),
        );
        for (const [n, { id, pauseMs }] of updates.entries()) {
          coalescer.push(message(id, n));
          move(pauseMs);
        }
        move(2 * liveIntervalMs);
        for (const id of ['a', 'b']) {
          const given = updates.map((update, n) => ({ ...update, n })).filter((update) => update.id === id);
          const got = sent.filter((one) => one.id === id);
          expect(got.at(0)?.n).toBe(given.at(0)?.n);
          expect(got.at(-1)?.n).toBe(given.at(-1)?.n);
          for (const [index, { at, n }] of got.entries()) {
            const before = got[index - 1];
            if (!before) continue;
            expect(at - before.at).toBeGreaterThanOrEqual(liveIntervalMs);
            expect(n).toBeGreaterThan(before.n);
          }
        }
      },
    ),
  );
});

it('sends nothing after it was closed', () => {
  const { clock, move } = handClock();
  const sent: LiveMessage[] = [];
  const coalescer = new LiveCoalescer(clock, (one) => sent.push(one));
  coalescer.push(message('a', 1));
  coalescer.push(message('a', 2));
  coalescer.close();
  move(10_000);
  expect(sent).toHaveLength(1);
});
