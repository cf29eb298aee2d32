#!/usr/bin/env node
/**
 * `npm test`: sets up, then runs every check and every test, in a fresh clone as in an old one. Arguments go on
 * to vitest (`npm test -- packages/sdk`); with some, the checks of `npm run lint` are left out.
 * Its last line is `N passed, N failed`, and `, N skipped` where something could not be tested here.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatCheck, runChecks } from './setup/checks.mjs';
import { mediasoupWorkerStep } from './setup/mediasoup-worker.mjs';
import { say } from './setup/phrases.mjs';
import { prepare } from './setup/prepare.mjs';
import { root } from './setup/repository.mjs';
import { run } from './setup/run.mjs';
import { runScript } from './setup/steps.mjs';
import { packagesToTest } from './setup/system-packages.mjs';

await runScript(async () => {
  const filters = process.argv.slice(2);
  const node = await prepare({ system: packagesToTest, console: true });
  await mediasoupWorkerStep(node);
  const checks =
    filters.length > 0 ? [] : await runChecks(node, (result) => process.stdout.write(formatCheck(result)));
  const tests = await runTests(node, filters);

  if (filters.length === 0 && tests.slowest.length > 0) {
    const files = tests.slowest.map(({ path, seconds }) => `${path} ${seconds} s`);
    process.stdout.write(`  ${say('slowest', '最慢')}: ${files.join(', ')}\n`);
  }
  for (const { reason, count } of tests.skips) {
    process.stdout.write(`  - ${say('skipped', '跳过')} ${count}: ${reason}\n`);
  }
  const passed = tests.passed + checks.filter((check) => check.ok).length;
  const failed = tests.failed + checks.filter((check) => !check.ok).length;
  const skipped = tests.skips.reduce((sum, skip) => sum + skip.count, 0);
  process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
  return failed === 0 ? 0 : 1;
});

/**
 * @param {string} node
 * @param {readonly string[]} filters
 * @returns {Promise<{ passed: number, failed: number, skips: { reason: string, count: number }[],
 *   slowest: { path: string, seconds: number }[] }>} `slowest`: files, the longest first
 */
async function runTests(node, filters) {
  const folder = mkdtempSync(join(tmpdir(), 'backlot-test-'));
  const summary = join(folder, 'summary.json');
  try {
    const { code } = await run(
      node,
      [
        join(root, 'node_modules', 'vitest', 'vitest.mjs'),
        'run',
        '--reporter=default',
        `--reporter=${join(root, 'scripts', 'test', 'summary-reporter.mjs')}`,
        ...filters,
      ],
      { inherit: true, limitMs: 90 * 60_000, env: { BACKLOT_TEST_SUMMARY: summary } },
    );
    const result = JSON.parse(readFileSync(summary, 'utf8'));
    // Ended with an error that belongs to no test (a hook, a rejection nobody waited for): that is a failure too.
    return { ...result, failed: result.failed > 0 || code === 0 ? result.failed : 1 };
  } catch {
    return { passed: 0, failed: 1, skips: [], slowest: [] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
