#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// Two seconds of parsing at every start become a few hundred milliseconds. It is a cache: it may fail.
enableCompileCache?.();

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
  process.stderr.write(
    `Backlot needs Node 22.12 or newer; this is ${process.version}. Use \`npm start\`, which brings its own.\n`,
  );
  process.exitCode = 2;
} else {
  const [{ main }, { workloads }] = await Promise.all([
    import('../src/main.ts'),
    import('../src/workloads.ts'),
  ]);
  await main({ process, workloads, entry: fileURLToPath(import.meta.url) });
}
