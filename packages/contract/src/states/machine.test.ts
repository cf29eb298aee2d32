import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocationMachine } from './allocation.ts';
import { deriveJobState, type JobIntent, type TaskCounts } from './job.ts';
import type { StateMachine } from './machine.ts';
import { nodeMachine } from './node.ts';
import { taskMachine, taskStates, taskStatesEnded, taskStatesWithAllocation } from './task.ts';

const machines: StateMachine<string>[] = [
  allocationMachine as unknown as StateMachine<string>,
  nodeMachine as unknown as StateMachine<string>,
  taskMachine as unknown as StateMachine<string>,
];

describe.each(machines.map((machine) => [machine.name, machine] as const))(
  'the %s machine',
  (_name, machine) => {
    it('names only states of its own', () => {
      for (const from of machine.states) {
        for (const to of machine.table[from] ?? []) expect(machine.states).toContain(to);
      }
    });

    it('never lists staying in a state as a transition', () => {
      for (const state of machine.states) expect(machine.allows(state, state)).toBe(false);
    });

    it('lets every state be reached from its first one', () => {
      const seen = new Set([machine.states[0] ?? '']);
      for (const from of seen) for (const to of machine.table[from] ?? []) seen.add(to);
      expect([...seen].sort()).toEqual([...machine.states].sort());
    });

    it('agrees with itself: before, allows and assert say the same', () => {
      for (const from of machine.states) {
        for (const to of machine.states) {
          expect(machine.before(to).includes(from)).toBe(machine.allows(from, to));
          if (machine.allows(from, to)) machine.assert(from, to);
          else
            expect(() => machine.assert(from, to)).toThrowError(
              expect.objectContaining({ code: 'illegal_transition' }),
            );
        }
      }
    });
  },
);

describe('what the machines promise', () => {
  it('an ended allocation and a removed node never come back', () => {
    expect(allocationMachine.isFinal('ended')).toBe(true);
    expect(nodeMachine.isFinal('removed')).toBe(true);
  });

  it('an allocation whose node is away can come back to whatever it was', () => {
    for (const state of allocationMachine.before('unknown')) {
      if (state !== 'offered') expect(allocationMachine.allows('unknown', state)).toBe(true);
    }
  });

  it('a task that succeeded never runs again', () => {
    expect(taskMachine.isFinal('succeeded')).toBe(true);
  });

  it('a task with an allocation can end, be requeued and be retried', () => {
    for (const state of taskStatesWithAllocation) {
      for (const to of [...taskStatesEnded, 'queued', 'retry_wait'] as const)
        expect(taskMachine.allows(state, to)).toBe(true);
    }
  });
});

describe('the state of a job', () => {
  const counts = fc.record(
    Object.fromEntries(taskStates.map((state) => [state, fc.nat(3)])) as Record<
      (typeof taskStates)[number],
      fc.Arbitrary<number>
    >,
  );
  const open = (c: TaskCounts) =>
    taskStates
      .filter((state) => !taskStatesEnded.includes(state))
      .reduce((sum, state) => sum + (c[state] ?? 0), 0);

  it.each([
    [{}, 'run', 'waiting'],
    [{ queued: 3 }, 'run', 'waiting'],
    [{ queued: 3 }, 'pause', 'paused'],
    [{ running: 1, queued: 3 }, 'pause', 'running'],
    [{ succeeded: 2, queued: 1 }, 'run', 'running'],
    [{ succeeded: 2, frozen: 1 }, 'run', 'running'],
    [{ held: 1, blocked: 4 }, 'run', 'held'],
    [{ held: 1, queued: 1 }, 'run', 'waiting'],
    [{ succeeded: 5 }, 'run', 'succeeded'],
    [{ succeeded: 5, failed: 1 }, 'run', 'failed'],
    [{ failed: 1, running: 1 }, 'run', 'running'],
    [{ canceled: 2, succeeded: 1 }, 'run', 'canceled'],
    [{ running: 1 }, 'cancel', 'canceling'],
    [{ canceled: 4, succeeded: 2 }, 'cancel', 'canceled'],
    [{ succeeded: 2 }, 'cancel', 'succeeded'],
  ] as const)('%j with intent %s is %s', (c, intent, expected) => {
    expect(deriveJobState(c as TaskCounts, intent as JobIntent)).toBe(expected);
  });

  it('is an ended one exactly when no task is open', () => {
    fc.assert(
      fc.property(counts, fc.constantFrom<JobIntent>('run', 'pause', 'cancel'), (c, intent) => {
        const ended = ['succeeded', 'failed', 'canceled'].includes(deriveJobState(c, intent));
        const any = taskStates.some((state) => (c[state] ?? 0) > 0);
        expect(ended).toBe(open(c) === 0 && (any || intent === 'cancel'));
      }),
    );
  });
});
