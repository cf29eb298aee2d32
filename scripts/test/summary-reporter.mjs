import { writeFileSync } from 'node:fs';

/**
 * A reporter for vitest that only counts: what passed, what failed (errors outside of tests too), why the rest was
 * skipped, by the note that a test gives (`context.skip('no Blender on this machine')`) or by its suite, and which files
 * took longest.
 */
export default class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors) {
    let passed = 0;
    let failed = unhandledErrors.length;
    const skips = new Map();
    const files = [];
    for (const module of modules) {
      files.push({ path: module.relativeModuleId, seconds: Math.round(module.diagnostic().duration / 1000) });
      if (module.errors().length > 0) failed += 1;
      for (const suite of module.children.allSuites()) failed += suite.errors().length > 0 ? 1 : 0;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') passed += 1;
        else if (result.state === 'failed') failed += 1;
        else {
          const reason = result.note ?? `${module.relativeModuleId} › ${test.parent.fullName ?? test.name}`;
          skips.set(reason, (skips.get(reason) ?? 0) + 1);
        }
      }
    }
    const file = process.env.BACKLOT_TEST_SUMMARY;
    if (file === undefined) return;
    const list = [...skips].map(([reason, count]) => ({ reason, count }));
    const slowest = files.sort((a, b) => b.seconds - a.seconds).slice(0, 12);
    writeFileSync(file, JSON.stringify({ passed, failed, skips: list, slowest }));
  }
}
