import { describe, expect, it } from 'vitest';
import { createBatcher } from './batcher.ts';

/** A gate that tests open by hand. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('group commit', () => {
  it('runs the first alone and at once, and together what came meanwhile', async () => {
    const first = gate();
    const batches: number[][] = [];
    const batcher = createBatcher<number, number>({
      most: 10,
      lanes: 1,
      alone: async (n) => {
        await first.opened;
        batches.push([n]);
        return n * 2;
      },
      together: async (items) => {
        batches.push([...items]);
        return items.map((n) => n * 2);
      },
    });
    const results = [1, 2, 3, 4].map((n) => batcher.add(n));
    first.open();
    expect(await Promise.all(results)).toEqual([2, 4, 6, 8]);
    expect(batches).toEqual([[1], [2, 3, 4]]);
  });

  it('lets one that fails fail alone', async () => {
    const batcher = createBatcher<number, number>({
      most: 10,
      lanes: 1,
      alone: async (n) => {
        if (n === 3) throw new Error('three');
        return n;
      },
      together: async () => {
        throw new Error('the batch');
      },
    });
    const settled = await Promise.allSettled([1, 2, 3, 4].map((n) => batcher.add(n)));
    expect(settled.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason)))).toEqual([
      1,
      2,
      'Error: three',
      4,
    ]);
  });

  it('never takes more than its limit together', async () => {
    const sizes: number[] = [];
    const batcher = createBatcher<number, number>({
      most: 7,
      lanes: 2,
      alone: async (n) => n,
      together: async (items) => {
        sizes.push(items.length);
        await Promise.resolve();
        return items;
      },
    });
    const all = Array.from({ length: 100 }, (_, n) => n);
    expect(await Promise.all(all.map((n) => batcher.add(n)))).toEqual(all);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(7);
  });
});
