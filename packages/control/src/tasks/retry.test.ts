import { type Failure, type FailureClass, failureClasses, RetryPolicy } from '@backlot/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  attemptsAfter,
  backoffMs,
  decideRetry,
  type FailedAttempt,
  memorySteps,
  raisedMemory,
} from './retry.ts';

const failure = (name: FailureClass): Failure => ({
  class: name,
  reason: { code: 'test.failed', params: {}, message: 'Failed.' },
  signature: `${name}:test`,
});
const attempt = (name: FailureClass, rest: Partial<FailedAttempt> = {}): FailedAttempt => ({
  failure: failure(name),
  retry: RetryPolicy.parse({}),
  attempt: 0,
  progressed: false,
  memory: 1024 ** 3,
  memoryRaises: 0,
  nodesWithSignature: 1,
  freeFailures: 1,
  ...rest,
});

describe('a failed attempt', () => {
  it.each([
    ['input', 'fail', true],
    ['product', 'fail', true],
    ['missing', 'hold', undefined],
    ['capability', 'again', false],
    ['node', 'again', false],
    ['memory', 'again', false],
    ['crash', 'again', true],
    ['stall', 'again', true],
    ['output', 'again', true],
    ['transfer', 'again', true],
  ] as const)('of class %s leads to %s at first', (name, kind, charged) => {
    const decision = decideRetry(attempt(name), 0.5);
    expect(decision.kind).toBe(kind);
    if (decision.kind !== 'hold') expect(decision.charged).toBe(charged);
  });

  it('keeps strictly away only from nodes that lack something', () => {
    const strict = failureClasses.filter((name) => {
      const decision = decideRetry(attempt(name), 0);
      return decision.kind === 'again' && decision.avoid?.strictly === true;
    });
    expect(strict).toEqual(['capability']);
  });

  it('ends a crash after the task’s own number of attempts, a stall and a wrong output after two', () => {
    const last = (name: FailureClass) => {
      for (let charged = 0; charged < 10; charged += 1) {
        if (decideRetry(attempt(name, { attempt: charged }), 0).kind === 'fail') return charged + 1;
      }
      return undefined;
    };
    expect(last('crash')).toBe(3);
    expect(last('transfer')).toBe(3);
    expect(last('stall')).toBe(2);
    expect(last('output')).toBe(2);
  });

  it('is taken for a fault of the work when two nodes show the same signature', () => {
    expect(decideRetry(attempt('crash', { nodesWithSignature: 2 }), 0)).toMatchObject({
      kind: 'fail',
      why: 'hopeless',
    });
    expect(decideRetry(attempt('transfer', { nodesWithSignature: 2 }), 0).kind).toBe('again');
  });

  it('forgives what was before when it brought the task forward', () => {
    const late = attempt('crash', { attempt: 2, progressed: true, nodesWithSignature: 5 });
    const decision = decideRetry(late, 0);
    expect(decision).toMatchObject({ kind: 'again', charged: true });
    expect(attemptsAfter(late, decision)).toBe(1);
  });

  it('raises memory three times, above what was seen, and then gives up', () => {
    const gigabyte = 1024 ** 3;
    expect(raisedMemory(gigabyte)).toBe(1.5 * gigabyte);
    expect(raisedMemory(gigabyte, 2 * gigabyte)).toBe(3 * gigabyte);
    const outcomes = Array.from({ length: memorySteps + 1 }, (_, memoryRaises) =>
      decideRetry(attempt('memory', { memoryRaises }), 0),
    );
    expect(outcomes.map((one) => one.kind)).toEqual(['again', 'again', 'again', 'fail']);
    expect(attemptsAfter(attempt('memory'), decideRetry(attempt('memory'), 0))).toBe(0);
  });

  it('is not excused by its node without end', () => {
    expect(decideRetry(attempt('node', { freeFailures: 9 }), 0)).toMatchObject({ charged: false });
    expect(decideRetry(attempt('node', { freeFailures: 10, attempt: 0 }), 0)).toMatchObject({
      kind: 'again',
      charged: true,
    });
    expect(decideRetry(attempt('node', { freeFailures: 12, attempt: 2 }), 0).kind).toBe('fail');
  });

  it('always comes to an end, whatever classes follow each other without progress', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...failureClasses), { minLength: 200, maxLength: 200 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (classes, random) => {
          let charged = 0;
          let memoryRaises = 0;
          let free = 0;
          for (const [i, name] of classes.entries()) {
            free = name === 'node' || name === 'capability' ? free + 1 : 0;
            const now = attempt(name, {
              attempt: charged,
              memoryRaises,
              freeFailures: Math.max(1, free),
            });
            const decision = decideRetry(now, random);
            if (decision.kind !== 'again') return;
            if (name === 'memory') memoryRaises += 1;
            charged = attemptsAfter(now, decision);
            expect(charged).toBeLessThan(now.retry.maxAttempts);
            expect(i).toBeLessThan(150);
          }
        },
      ),
    );
  });
});

describe('the back-off', () => {
  it('doubles, is capped, and keeps between half and all of it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 0, max: 60_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, base, random) => {
          const retry = RetryPolicy.parse({ backoffMs: base, maxBackoffMs: 60_000 });
          const full = Math.min(60_000, base * 2 ** (failures - 1));
          const ms = backoffMs(retry, failures, random);
          expect(ms).toBeGreaterThanOrEqual(Math.floor(full / 2));
          expect(ms).toBeLessThanOrEqual(Math.ceil(full));
        },
      ),
    );
  });
});
