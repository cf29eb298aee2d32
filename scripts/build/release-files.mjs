import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { root } from '../setup/repository.mjs';
import { external } from './bundle.mjs';

/** What of a workload is code, test or text. The rest (scripts of Blender, samples) is data that its code opens. */
const notData =
  /\.(tsx?|md)$|[\\/]package\.json$|[\\/](node_modules|console|page|test|testing|__pycache__)([\\/]|$)/;

/**
 * Everything of a release that is not bundled: the console, data files of the workloads, packages that stay
 * packages, and the manifest.
 * @param {string} out
 */
export async function writeReleaseFiles(out) {
  await cp(join(root, 'packages/console/dist'), join(out, 'packages/console/dist'), { recursive: true });
  for (const workload of await readdir(join(root, 'workloads'))) {
    await copyData(join(root, 'workloads', workload), join(out, 'workloads', workload));
  }
  for (const name of external.vendored) await vendor(name, root, out, new Set());
  await writeManifests(out);
  for (const name of ['LICENSE', 'README.md', 'README.zh-CN.md', 'CHANGELOG.md']) {
    await cp(join(root, name), join(out, name));
  }
}

/** Copies files, and only those folders that hold some. */
async function copyData(from, to) {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    if (notData.test(source)) continue;
    if (entry.isDirectory()) await copyData(source, join(to, entry.name));
    else await cp(source, join(to, entry.name));
  }
}

/** Copies a package and what it depends on, flat, as npm would install it. */
async function vendor(name, from, out, done) {
  if (done.has(name)) return;
  done.add(name);
  const folder = packageFolder(name, from);
  await cp(folder, join(out, 'node_modules', name), {
    recursive: true,
    filter: (source) => !/node_modules[\\/].*[\\/](test|tests|examples|\.github)([\\/]|$)/.test(source),
  });
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  for (const dependency of Object.keys(manifest.dependencies ?? {}))
    await vendor(dependency, folder, out, done);
}

/** Where a package lies, seen from another; not every package lets its manifest be required. */
export function packageFolder(name, from) {
  for (const folder of createRequire(join(from, 'index.js')).resolve.paths(name) ?? []) {
    const candidate = join(folder, name);
    if (existsAsPackage(candidate)) return candidate;
  }
  throw new Error(`${name} is not installed.`);
}

function existsAsPackage(folder) {
  try {
    createRequire(join(folder, 'index.js')).resolve('./package.json');
    return true;
  } catch {
    return false;
  }
}

async function writeManifests(out) {
  const repository = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const control = JSON.parse(await readFile(join(root, 'packages/control/package.json'), 'utf8'));
  const { version, description, license } = repository;
  const manifest = {
    name: 'backlot',
    version,
    description,
    license,
    type: 'module',
    bin: { backlot: 'bin/backlot.mjs' },
    engines: { node: '>=22.12' },
    // They lie in node_modules already; npm takes away what nobody names.
    dependencies: Object.fromEntries(
      external.vendored.map((name) => [name, versionOf(name, control.dependencies)]),
    ),
    // What is built for one platform, and brought by `npm install` here: the database's server for machines without
    // one, and WebRTC for the demo application.
    optionalDependencies: { ...control.optionalDependencies, ...(await nativePackages()) },
  };
  await writeJson(join(out, 'package.json'), manifest);
  await writeJson(join(out, 'packages/node/src/runner/package.json'), { type: 'module' });
}

/** The packages of workloads that a release installs instead of holding them, with their versions. */
async function nativePackages() {
  const wanted = {};
  for (const workload of await readdir(join(root, 'workloads'))) {
    const manifest = JSON.parse(await readFile(join(root, 'workloads', workload, 'package.json'), 'utf8'));
    for (const name of external.installed) {
      const version = manifest.dependencies?.[name] ?? manifest.optionalDependencies?.[name];
      if (version) wanted[name] = version;
    }
  }
  return wanted;
}

function versionOf(name, dependencies) {
  const version = dependencies[name];
  if (!version) throw new Error(`${name} is vendored, and no package names its version.`);
  return version;
}

async function writeJson(path, value) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}
