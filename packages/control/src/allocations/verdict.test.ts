import { type AllocationState, allocationMachine, allocationStates } from '@backlot/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge, type KnownAllocation, outcomeOf, stopReasons } from './verdict.ts';

const known = (rest: Partial<KnownAllocation> = {}): KnownAllocation => ({
  node_id: 'n',
  fence: 7,
  state: 'running',
  known_state: null,
  seq: 3,
  ...rest,
});

describe('a report', () => {
  it.each([
    ['about nothing we know', undefined, { fence: 7, seq: 4 }, { kind: 'stale', why: 'unknown' }],
    ['of another node', known({ node_id: 'm' }), { fence: 7, seq: 4 }, { kind: 'stale', why: 'node' }],
    ['with an old fence', known(), { fence: 6, seq: 4 }, { kind: 'stale', why: 'fence' }],
    ['that came before', known(), { fence: 7, seq: 3 }, { kind: 'duplicate' }],
    ['that ended it before', known({ state: 'ended' }), { fence: 7, seq: 3 }, { kind: 'duplicate' }],
    ['after the end', known({ state: 'ended' }), { fence: 7, seq: 4 }, { kind: 'stale', why: 'ended' }],
    ['after a gap', known(), { fence: 7, seq: 6 }, { kind: 'out-of-order', expected: 4 }],
  ] as const)('%s is judged', (_name, row, part, verdict) => {
    expect(judge(row, 'n', { ...part, state: 'running' })).toEqual(verdict);
  });

  it('moves an allocation only along its table, and is applied whatever it says', () => {
    const state = fc.constantFrom(...allocationStates);
    const open = fc.constantFrom(...allocationStates.filter((one) => one !== 'ended'));
    fc.assert(
      fc.property(open, open, state, (from, before, reported) => {
        const row = known({ state: from, known_state: from === 'unknown' ? before : null });
        const verdict = judge(row, 'n', { fence: 7, seq: 4, state: reported });
        if (verdict.kind !== 'apply') throw new Error('A report in order is applied.');
        const real: AllocationState = from === 'unknown' ? before : from;
        const legal = verdict.next === real || allocationMachine.allows(real, verdict.next);
        expect(legal).toBe(true);
        if (reported === 'ended') expect(verdict.next).toBe('ended');
      }),
    );
  });

  it('keeps a request to stop standing when it was sent before the request came', () => {
    const verdict = judge(known({ state: 'stopping' }), 'n', { fence: 7, seq: 4, state: 'running' });
    expect(verdict).toEqual({ kind: 'apply', next: 'stopping', unexpected: false });
  });
});

describe('the outcome that counts', () => {
  it('is ok when the work was finished, also when it was asked to stop', () => {
    for (const why of [null, ...stopReasons]) expect(outcomeOf('ok', why)).toBe('ok');
  });

  it.each([
    ['failed', null, 'failed'],
    ['failed', 'canceled', 'canceled'],
    ['canceled', 'canceled', 'canceled'],
    ['failed', 'preempted', 'preempted'],
    ['canceled', 'drained', 'preempted'],
    ['canceled', 'taken-back', 'preempted'],
    ['canceled', null, 'preempted'],
    ['lost', null, 'lost'],
    [undefined, null, 'failed'],
  ] as const)('%s, asked to stop because of %s, is %s', (reported, why, outcome) => {
    expect(outcomeOf(reported, why)).toBe(outcome);
  });
});
