import { describe, expect, it } from 'vitest';
import { rankOf } from './whole-first.ts';

describe('the order of test files', () => {
  it.each([
    ['test/browser/pages/loaded-phone.test.ts', 0],
    ['workloads/rooms/test/resume.test.ts', 1],
    ['packages/console/test/bundle.test.ts', 1],
    ['packages/contract/src/flow/text.test.ts', 2],
    // A file called test is no folder of tests.
    ['packages/control/src/test.test.ts', 2],
    ['scripts\\setup\\steps.test.mjs', 2],
  ])('%s: %i', (path, rank) => {
    expect(rankOf(path)).toBe(rank);
  });
});
