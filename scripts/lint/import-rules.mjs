/**
 * Who may import whom: the house rules of ARCHITECTURE.md, checked for every import of every file. The rules
 * are a table; `checkImport` is a function of two places, so that each rule has its bad example in a test.
 */

import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { root } from '../setup/repository.mjs';
import { listFiles, reportAndExit } from './source-files.mjs';

/**
 * Where a file stands.
 * @typedef {{ kind: 'package' | 'workload', name: string, half?: string, test: boolean }} Place
 */

const halves = new Set(['control', 'node', 'console', 'page', 'cli']);

/** What a package of ours may import of the others. `*` is everything, `pkg/file` exactly that file. */
const packageRules = {
  contract: [],
  sdk: ['contract'],
  tracing: ['contract'],
  control: ['contract'],
  node: ['contract', 'tracing'],
  console: ['contract', 'sdk'],
  testkit: ['contract', 'control', 'node'],
  cli: ['*'],
};

/** What a half of a workload may import: the contract, and the port of its own side. */
const halfRules = {
  control: ['contract', 'control/workload'],
  node: ['contract', 'node/workload', 'node/host-process'],
  console: ['contract', 'sdk', 'console/workload'],
  page: ['contract', 'sdk'],
  cli: ['contract', 'sdk', 'cli/command', 'cli/exit-codes'],
};

/** Code that also runs in a browser, or must not touch the world at all. */
const withoutNode = new Set(['contract', 'sdk', 'console', 'page']);

const builtins = new Set(builtinModules);

/**
 * @param {string} path of a file in the repository.
 * @returns {Place | undefined} undefined for files outside of the house (scripts, end-to-end tests, bench).
 */
export function placeOf(path) {
  const [area, name, ...rest] = path.split('/');
  const test = /\.test\.tsx?$/.test(path) || /(^|\/)test(ing)?\//.test(rest.join('/'));
  if (name === undefined || rest.length === 0) return undefined;
  if (area === 'packages') return { kind: 'package', name, test };
  if (area !== 'workloads') return undefined;
  const [half = ''] = rest;
  return { kind: 'workload', name, test, ...(halves.has(half) && rest.length > 1 ? { half } : {}) };
}

/**
 * @param {string} path the importing file.
 * @param {string} specifier as written.
 * @param {{ workloads: ReadonlySet<string>, declared?: ReadonlySet<string> }} world names of the workloads' packages,
 *   and what the package of the file declares in its package.json.
 * @returns {string | undefined} what is wrong, as a sentence.
 */
export function checkImport(path, specifier, world) {
  const place = placeOf(path);
  if (!place) return undefined;
  if (specifier.startsWith('.')) return checkRelative(path, specifier, place);
  if (specifier.startsWith('node:')) return checkNode(path, specifier, place);
  if (builtins.has(specifier.split('/')[0] ?? '')) return `Write node:${specifier}.`;
  const target = /^@backlot\/([^/]+)(?:\/(.+))?$/.exec(specifier);
  if (!target) return checkDeclared(specifier, world);
  const [, name = '', file] = target;
  if (place.kind === 'package' && place.name === name)
    return 'Import files of the same package by their path.';
  if (place.kind === 'workload') return checkWorkload(place, name, file, world);
  return checkPackage(place, name, file, world);
}

function checkRelative(path, specifier, place) {
  const resolved = posix.normalize(posix.join(posix.dirname(path), specifier));
  if (!/\.[a-z]+(\?[a-z]+)?$/.test(specifier)) return `Write the extension: ${specifier}.ts`;
  const other = placeOf(resolved);
  if (!other || other.kind !== place.kind || other.name !== place.name) {
    return `A relative import must not leave its ${place.kind}; import @backlot/${other?.name ?? '…'} by name.`;
  }
  if (place.test || place.half === undefined || other.half === undefined || place.half === other.half)
    return undefined;
  return `The ${place.half} half may not import the ${other.half} half; what both need belongs in contract.ts.`;
}

function checkNode(path, specifier, place) {
  // Tests and the configuration of the build run in Node, whatever they are about.
  if (place.test || (place.kind === 'package' && !path.includes('/src/'))) return undefined;
  const name = place.kind === 'package' ? place.name : place.half;
  const isContract = place.kind === 'workload' && place.half === undefined;
  if (name !== undefined && withoutNode.has(name))
    return `${name} runs in browsers too and can't use ${specifier}.`;
  if (isContract) return `A workload's contract is shapes only and can't use ${specifier}.`;
  return undefined;
}

function checkPackage(place, name, file, world) {
  if (world.workloads.has(name)) {
    return place.name === 'cli'
      ? undefined
      : `Only cli knows workloads; ${place.name} may not import @backlot/${name}.`;
  }
  // Tests may use the kit, which stands on the kernel itself, and read an answer as a client would.
  if (place.test && (name === 'testkit' || name === 'sdk')) return undefined;
  return allowed(packageRules[place.name] ?? [], name, file, place.name);
}

function checkWorkload(place, name, file, world) {
  if (name === place.name) return 'Import files of the same workload by their path.';
  if (world.workloads.has(name)) {
    return `Workloads never import each other (@backlot/${name}): what they do together goes through the kernel.`;
  }
  if (place.test) return undefined;
  const rules = place.half === undefined ? ['contract'] : halfRules[place.half];
  return allowed(
    rules,
    name,
    file,
    place.half === undefined ? "a workload's contract" : `the ${place.half} half`,
  );
}

function allowed(rules, name, file, who) {
  const fits = rules.some((rule) => rule === '*' || rule === name || rule === `${name}/${file}`);
  if (fits) return undefined;
  const list = rules.map((rule) => `@backlot/${rule}`).join(', ') || 'nothing of ours';
  return `@backlot/${name}${file ? `/${file}` : ''} is not for ${who}, which may import ${list}.`;
}

function checkDeclared(specifier, world) {
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  if (!world.declared || name.startsWith('virtual:') || world.declared.has(name)) return undefined;
  return `${name} is not among the dependencies in the package.json of this package.`;
}

/**
 * Every import of a source text, with its line: static, dynamic, re-exported, and of types.
 * @param {string} text
 * @returns {{ specifier: string, line: number }[]}
 */
export function importsOf(text) {
  const lineAt = (position) => text.slice(0, position).split('\n').length;
  return ts
    .preProcessFile(text, true, true)
    .importedFiles.map(({ fileName, pos }) => ({ specifier: fileName, line: lineAt(pos) }));
}

/** @param {string} folder of the repository */
export function checkRepository(folder) {
  const files = listFiles(folder).filter((path) => /\.(ts|tsx|mts|mjs)$/.test(path));
  const workloads = new Set(
    files.flatMap((path) => (path.startsWith('workloads/') ? [path.split('/')[1] ?? ''] : [])),
  );
  const rootManifest = readManifest(folder, '');
  const console = readManifest(folder, 'packages/console');
  const manifests = new Map();
  const problems = [];
  for (const path of files) {
    const place = placeOf(path);
    if (!place) continue;
    const home = path.split('/').slice(0, 2).join('/');
    if (!manifests.has(home)) manifests.set(home, readManifest(folder, home));
    const own = manifests.get(home);
    const declared = new Set([
      // Pages of a workload are built into the console, with its React and its parts: a second one would not do.
      ...(place.half === 'console' ? names(console, 'dependencies') : []),
      ...names(own, 'dependencies', 'optionalDependencies', 'peerDependencies'),
      ...(place.test || !path.includes('/src/') || place.name === 'testkit' || place.name === 'console'
        ? [...names(own, 'devDependencies'), ...names(rootManifest, 'devDependencies')]
        : names(own, 'devDependencies').filter((name) => name.startsWith('@types/'))),
    ]);
    for (const { specifier, line } of importsOf(readFileSync(`${folder}/${path}`, 'utf8'))) {
      const message = checkImport(path, specifier, { workloads, declared });
      if (message) problems.push({ path, line, message });
    }
  }
  return problems;
}

function names(manifest, ...keys) {
  return keys.flatMap((key) => Object.keys(manifest[key] ?? {}));
}

function readManifest(folder, home) {
  const path = posix.join(folder, home, 'package.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) reportAndExit(checkRepository(root));
