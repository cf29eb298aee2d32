/**
 * The lockfile must be whole: every package that another one names, also an optional one for another platform, has
 * its entry. A partial one installs here and makes `npm ci` fail elsewhere; npm writes one when it adds a package
 * on a machine whose registry lacks builds for other platforms.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../setup/repository.mjs';
import { reportAndExit } from './source-files.mjs';

/**
 * @typedef {Record<string, string>} Versions
 * @typedef {{ dependencies?: Versions, devDependencies?: Versions, optionalDependencies?: Versions, link?: boolean }} Entry
 */

/**
 * @param {Record<string, Entry>} packages of the lockfile, by path.
 * @returns {string[]} what is missing, in sentences.
 */
export function findHoles(packages) {
  const holes = [];
  for (const [path, entry] of Object.entries(packages)) {
    const own = path.includes('node_modules/') ? {} : entry.devDependencies;
    for (const name of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies, ...own })) {
      if (!isFound(packages, path, name))
        holes.push(`${name}, which ${path || 'the repository'} names, has no entry.`);
    }
  }
  return holes;
}

/** As Node looks: in the package's own node_modules, then in those of the folders above it. */
function isFound(packages, path, name) {
  let folder = path;
  for (;;) {
    const candidate = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (packages[candidate]) return true;
    if (folder === '') return false;
    folder = folder.includes('/') ? folder.slice(0, folder.lastIndexOf('/')) : '';
  }
}

/**
 * @param {Record<string, Entry>} packages
 * @param {(path: string) => Entry | undefined} readManifest the package.json of a workspace.
 * @returns {string[]} where a manifest says something else than the lockfile remembers of it.
 */
export function findDrift(packages, readManifest) {
  return Object.entries(packages).flatMap(([path, entry]) => {
    if (path.includes('node_modules/')) return [];
    const manifest = readManifest(path);
    if (!manifest) return [`The lockfile names the workspace ${path}, which is not there.`];
    return ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) => {
      const same = JSON.stringify(sorted(manifest[kind])) === JSON.stringify(sorted(entry[kind]));
      return same
        ? []
        : [`${kind} of ${path || 'the repository'} are not those in the lockfile: run npm install.`];
    });
  });
}

function sorted(versions = {}) {
  return Object.entries(versions).sort(([a], [b]) => (a < b ? -1 : 1));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const readManifest = (path) => {
    const file = join(root, path, 'package.json');
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  };
  const messages = [...findHoles(packages), ...findDrift(packages, readManifest)];
  reportAndExit(messages.map((message) => ({ path: 'package-lock.json', message })));
}
