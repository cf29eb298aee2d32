import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TalkRate } from './rate.ts';

describe('how fast a client may talk', () => {
  it('takes a burst, refuses what is too much, and forgives with time', () => {
    const rate = new TalkRate({ perSecond: 10, burst: 20 }, 0);
    expect(Array.from({ length: 21 }, () => rate.take(0)).filter((one) => one === 'ok')).toHaveLength(20);
    expect(rate.take(0)).toBe('refused');
    expect(rate.take(1_000)).toBe('ok');
  });

  it('puts out whoever goes on all the same', () => {
    const rate = new TalkRate({ perSecond: 10, burst: 20 }, 0);
    const answers = Array.from({ length: 60 }, () => rate.take(0));
    expect(answers.at(-1)).toBe('out');
    expect(answers.slice(0, 40)).not.toContain('out');
  });

  it('never refuses a client that keeps to the rate, and never lets more through than allowed', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 300 }), (pauses) => {
        const limits = { perSecond: 10, burst: 5 };
        const rate = new TalkRate(limits, 0);
        let now = 0;
        let taken = 0;
        for (const pause of pauses) {
          now += pause;
          if (rate.take(now) === 'ok') taken += 1;
        }
        expect(taken).toBeLessThanOrEqual(limits.burst + (now / 1_000) * limits.perSecond + 1);
        const patient = new TalkRate(limits, 0);
        for (let n = 1; n <= 50; n += 1) expect(patient.take(n * 100)).toBe('ok');
      }),
    );
  });
});
