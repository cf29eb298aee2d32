import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { glob, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const page = 'workloads/streams/page';
const sources = [
  `${page}/**/*.{ts,tsx,css,html}`,
  'workloads/streams/contract/**/*.ts',
  'packages/sdk/src/**/*.ts',
  'packages/console/vite-page.config.ts',
  'package-lock.json',
];

/** Where a production build of the player page is: as a folder of its own, and as part of a console's folder. */
export interface BuiltPage {
  readonly consoleDir: string;
  readonly pageDir: string;
}

/** A production build of the player page, made once for every state of its sources. */
export async function builtPage(): Promise<BuiltPage> {
  const hash = createHash('sha256');
  const files: string[] = [];
  for await (const file of glob(sources, { cwd: repository })) {
    if (!/\.test\.tsx?$/.test(file)) files.push(file);
  }
  for (const file of files.sort()) hash.update(`${file}\0`).update(await readFile(`${repository}/${file}`));
  const cache = `${repository}/.cache/player-page-test`;
  const target = `${cache}/${hash.digest('hex').slice(0, 16)}`;
  const built = { consoleDir: target, pageDir: `${target}/pages/streams` };
  if (existsSync(`${built.pageDir}/index.html`)) return built;
  const folder = `${target}.${process.pid}`;
  await mkdir(cache, { recursive: true });
  const react = (await import('@vitejs/plugin-react')).default;
  // The runner of tests says `test`, for which React and its syntax would be those of development.
  const environment = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  await build({
    configFile: false,
    root: `${repository}/${page}`,
    base: '/pages/streams/',
    plugins: [react()],
    logLevel: 'error',
    build: {
      target: 'es2022',
      outDir: `${folder}/pages/streams`,
      emptyOutDir: true,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
  }).finally(() => {
    process.env.NODE_ENV = environment;
  });
  await rename(folder, target).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    await rm(folder, { recursive: true });
  });
  return built;
}
