import { defineConfig } from 'vitest/config';
import WholeFirst from './scripts/test/whole-first.ts';

/**
 * One runner for every test that is not a shell script. Tests stand beside the code they test; those that
 * need the whole product stand in test/. File parallelism is bounded: the suite must pass on two cores.
 */
export default defineConfig({
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/src/**/*.test.tsx',
      'packages/*/test/**/*.test.ts',
      'workloads/*/**/*.test.ts',
      'test/**/*.test.ts',
      'scripts/**/*.test.mjs',
    ],
    exclude: ['**/node_modules/**', '**/dist/**'],
    globalSetup: ['packages/testkit/src/vitest-global-setup.ts'],
    maxWorkers: 2,
    sequence: { sequencer: WholeFirst },
    testTimeout: 180_000,
    hookTimeout: 240_000,
    // What is waited for comes when the machine gets to it: a limit ends a test that can never pass, and measures nothing.
    expect: { poll: { timeout: 90_000, interval: 20 } },
  },
});
