import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { problemWithNeeds } from './needs.ts';

describe('a graph of tasks', () => {
  it('is sound when every task needs only earlier ones, in whatever order they are given', () => {
    const graph = fc
      .array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 60 })
      .map((rows) =>
        rows.map((needs, i) => ({
          key: `t${i}`,
          needs: i === 0 ? [] : [...new Set(needs.map((n) => `t${n % i}`))],
        })),
      );
    fc.assert(
      fc.property(graph, fc.infiniteStream(fc.nat()), (drafts, order) => {
        const shuffled = drafts
          .map((draft) => ({ draft, at: order.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ draft }) => draft);
        expect(problemWithNeeds(shuffled, new Set())).toBeUndefined();
      }),
    );
  });

  it('is refused with the cycle spelled out, wherever the cycle hangs', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 30 }), (ring, tail) => {
        const cycle = Array.from({ length: ring }, (_, i) => ({
          key: `c${i}`,
          needs: [`c${(i + 1) % ring}`],
        }));
        const chain = Array.from({ length: tail }, (_, i) => ({
          key: `x${i}`,
          needs: [i === 0 ? 'c0' : `x${i - 1}`],
        }));
        const problem = problemWithNeeds([...chain.reverse(), ...cycle], new Set());
        expect(problem).toMatch(/^the tasks c.* need each other$/);
        expect(problem?.split(' → ')).toHaveLength(ring + 1);
      }),
    );
  });

  it('may need what the job has already, and nothing that does not exist', () => {
    const drafts = [{ key: 'b', needs: ['a'] }];
    expect(problemWithNeeds(drafts, new Set(['a']))).toBeUndefined();
    expect(problemWithNeeds(drafts, new Set())).toBe('b needs a, which does not exist');
    expect(problemWithNeeds([...drafts, ...drafts], new Set(['a']))).toBe('the key b stands twice');
  });

  it('may be a chain of ten thousand', () => {
    const chain = Array.from({ length: 10_000 }, (_, i) => ({
      key: `t${i}`,
      needs: i === 0 ? [] : [`t${i - 1}`],
    }));
    expect(problemWithNeeds(chain.reverse(), new Set())).toBeUndefined();
  });
});
