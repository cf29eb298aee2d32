import type { Failure, FailureClass } from '@backlot/contract';
import { describe, expect, it } from 'vitest';
import { poisoned, sameCause, signatureLimit } from './signature.ts';

const failure = (name: FailureClass): Failure => ({
  class: name,
  reason: { code: 'test.failed', params: {}, message: 'The mesh is empty.' },
  signature: `${name}:test`,
});

describe('a job whose tasks keep failing for one reason', () => {
  it.each([
    [1, 2],
    [5, 2],
    [20, 2],
    [21, 3],
    [10_000, 3],
  ])('of %i tasks is stopped by %i of them', (tasks, limit) => {
    expect(signatureLimit(tasks)).toBe(limit);
  });

  it('is not stopped by what a machine or the network did', () => {
    for (const name of ['node', 'capability', 'transfer', 'memory', 'missing'] as const) {
      expect(poisoned(failure(name), 100, 100)).toBe(false);
    }
    for (const name of ['input', 'product', 'crash', 'stall', 'output'] as const) {
      expect(poisoned(failure(name), 3, 100)).toBe(true);
      expect(poisoned(failure(name), 2, 100)).toBe(false);
    }
  });

  it('says how many and why', () => {
    expect(sameCause(failure('crash'), 3).reason.message).toBe(
      '3 tasks failed for the same reason, so the job was stopped: The mesh is empty.',
    );
  });
});
