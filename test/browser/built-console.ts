import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { glob, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const sources = [
  'packages/{console,sdk,contract}/src/**/*.{ts,tsx,css}',
  'packages/console/{index.html,vite.config.ts,public/*}',
  'workloads/*/{contract,console}/**/*.{ts,tsx,css}',
  'package-lock.json',
];

/**
 * A production build of the console, made once for every state of its sources. Files of the test run beside each
 * other: each builds in a folder of its own, and the first one to finish gives it its name.
 */
export async function builtConsole(): Promise<string> {
  const hash = createHash('sha256');
  const files: string[] = [];
  for await (const file of glob(sources, { cwd: repository })) {
    if (!/\.test\.tsx?$/.test(file)) files.push(file);
  }
  for (const file of files.sort()) hash.update(`${file}\0`).update(await readFile(`${repository}/${file}`));
  const cache = `${repository}/.cache/console-test`;
  const target = `${cache}/${hash.digest('hex').slice(0, 16)}`;
  if (existsSync(`${target}/index.html`)) return target;
  const folder = `${target}.${process.pid}`;
  await mkdir(cache, { recursive: true });
  await build({
    configFile: `${repository}/packages/console/vite.config.ts`,
    logLevel: 'warn',
    build: { outDir: folder, emptyOutDir: true },
  });
  await rename(folder, target).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    await rm(folder, { recursive: true });
  });
  return target;
}
