#!/usr/bin/env node
/**
 * `npm run build`: a release in `dist/` that runs with Node 22.12 or newer and nothing else installed:
 * `node dist/bin/backlot.mjs up`. The database's server is found on the system, or comes with
 * `npm install` in `dist/`.
 */
import { cp, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { say } from './setup/phrases.mjs';
import { prepare } from './setup/prepare.mjs';
import { root } from './setup/repository.mjs';
import { runScript, step } from './setup/steps.mjs';

const out = join(root, 'dist');

await runScript(async () => {
  await prepare({ console: true });
  // Only now can anything be imported that `npm ci` installs.
  const [esbuild, { bundle }, { writeReleaseFiles }, { writeThirdPartyLicences }] = await Promise.all([
    import('esbuild'),
    import('./build/bundle.mjs'),
    import('./build/release-files.mjs'),
    import('./build/third-party.mjs'),
  ]);
  await step(say('Release in dist/', '发布版本 dist/'), async (report) => {
    await rm(out, { recursive: true, force: true });
    await mkdir(out, { recursive: true });
    report('bundles');
    const inputs = await bundle(out, esbuild);
    report('files');
    await writeReleaseFiles(out);
    await writeThirdPartyLicences(out, inputs);
    await cp(join(root, 'deploy'), join(out, 'deploy'), { recursive: true });
    return true;
  });
  const size = await sizeOf(out);
  process.stdout.write(`dist/: ${(size / 1024 ** 2).toFixed(1)} MiB. node dist/bin/backlot.mjs up\n`);
  return 0;
});

async function sizeOf(folder) {
  let sum = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    sum += entry.isDirectory() ? await sizeOf(path) : (await stat(path)).size;
  }
  return sum;
}
