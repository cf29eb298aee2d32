#!/usr/bin/env node
/** `npm run lint`: style, types, import rules and file rules. */
import { formatCheck, runChecks } from './setup/checks.mjs';
import { prepare } from './setup/prepare.mjs';
import { runScript } from './setup/steps.mjs';

await runScript(async () => {
  const node = await prepare({});
  const results = await runChecks(node, (result) => process.stdout.write(formatCheck(result)));
  const failed = results.filter((result) => !result.ok).length;
  process.stdout.write(`\n${results.length - failed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
});
