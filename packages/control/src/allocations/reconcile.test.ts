import { newId } from '@backlot/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compare, type ExpectedAllocation } from './reconcile.ts';

const expected = (rest: Partial<ExpectedAllocation>): ExpectedAllocation => ({
  id: newId(),
  fence: 1,
  state: 'running',
  cpu_held: true,
  overdue: false,
  ...rest,
});

describe('comparing what a node runs with what it should', () => {
  it('ends what is not its own, but leaves ended work to its report', () => {
    const [mine, foreign, done] = [newId(), newId(), newId()];
    const found = compare(
      [expected({ id: mine, fence: 5 })],
      [
        { allocation: mine, fence: 4, state: 'running', seq: 1 },
        { allocation: foreign, fence: 9, state: 'running', seq: 1 },
        { allocation: done, fence: 3, state: 'ended', seq: 4 },
      ],
    );
    expect(found.end).toEqual([
      { allocation: mine, fence: 4 },
      { allocation: foreign, fence: 9 },
    ]);
    expect(found.missing).toEqual([mine]);
  });

  it('misses nothing that was only offered', () => {
    expect(compare([expected({ state: 'offered' })], []).missing).toEqual([]);
  });

  it('repeats what the node has not done: stop, kill, thaw, freeze', () => {
    const stop = expected({ state: 'stopping' });
    const kill = expected({ state: 'stopping', overdue: true });
    const thaw = expected({ state: 'frozen', cpu_held: true });
    const freeze = expected({ state: 'running', cpu_held: false });
    const listed = [
      { allocation: stop.id, fence: 1, state: 'running' as const, seq: 1 },
      { allocation: kill.id, fence: 1, state: 'stopping' as const, seq: 1 },
      { allocation: thaw.id, fence: 1, state: 'frozen' as const, seq: 1 },
      { allocation: freeze.id, fence: 1, state: 'running' as const, seq: 1 },
    ];
    const found = compare([stop, kill, thaw, freeze], listed);
    expect(found.repeatStop.map(({ id, kill: hard }) => [id, hard])).toEqual([
      [stop.id, false],
      [kill.id, true],
    ]);
    expect(found.repeatThaw.map(({ id }) => id)).toEqual([thaw.id]);
    expect(found.repeatFreeze.map(({ id }) => id)).toEqual([freeze.id]);
  });

  it('finds nothing to do when both agree', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('accepted', 'preparing', 'running'), { maxLength: 20 }),
        (states) => {
          const rows = states.map((state) => expected({ state: state as ExpectedAllocation['state'] }));
          const listed = rows.map((row) => ({
            allocation: row.id,
            fence: row.fence,
            state: row.state,
            seq: 1,
          }));
          expect(Object.values(compare(rows, listed)).flat()).toEqual([]);
        },
      ),
    );
  });
});
