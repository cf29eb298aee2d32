#!/usr/bin/env node
/**
 * `npm start`: from a fresh clone to a running Backlot. Plain JavaScript without any dependency, for any
 * Node >= 20: it installs what the rest needs. Arguments go on to `backlot up`: `npm start -- --port 9000`.
 */
import { join } from 'node:path';
import { runInForeground } from './setup/foreground.mjs';
import { makeWorkerMeanwhile } from './setup/mediasoup-worker.mjs';
import { prepare } from './setup/prepare.mjs';
import { root } from './setup/repository.mjs';
import { runScript } from './setup/steps.mjs';
import { packagesToRun } from './setup/system-packages.mjs';

await runScript(async () => {
  const node = await prepare({ system: packagesToRun, console: true });
  const backlot = join(root, 'packages', 'cli', 'bin', 'backlot.mjs');
  const worker = makeWorkerMeanwhile(node);
  try {
    return await runInForeground(node, [backlot, 'up', ...process.argv.slice(2)]);
  } finally {
    worker.stop();
  }
});
