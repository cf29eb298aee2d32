import { createHash } from 'node:crypto';
import { accessSync, constants, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../repository.mjs';

/** The mediasoup that the recipe is for. package.json pins the same. */
export const version = '3.27.1';
/** The npm package, which ships the worker's sources. */
export const packageFolder = join(root, 'node_modules', 'mediasoup');
/** What replaces the sources of libraries that meson would download: stubs for those of the system. */
export const overlay = fileURLToPath(new URL('overlay', import.meta.url));

export const programName = process.platform === 'win32' ? 'mediasoup-worker.exe' : 'mediasoup-worker';

/**
 * Changes to the published sources: file, what is there, what is put there. Each must apply, or nothing is built.
 *
 * @type {readonly { file: string, from: RegExp, to: string, why: string }[]}
 */
export const edits = [
  {
    file: 'meson.build',
    from: /meson_version: '>= 1\.1\.0'/,
    to: "meson_version: '>= 1.0.0'",
    why: "Debian 12's meson is 1.0.1; nothing newer is used.",
  },
  {
    file: 'src/RTC/DtlsTransport.cpp',
    from: /\(operationType == BIO_CB_RETURN\) \? static_cast<long>\(ret\) : 1;/,
    to: '((operationType & BIO_CB_RETURN) != 0) ? static_cast<long>(ret) : 1;',
    why: "As published it answers 1 to every BIO_ctrl. A libssl with kernel TLS (Debian's) then believes that the BIO does it, allocates no write buffer, and crashes on the first DTLS handshake.",
  },
];

/** The recipe as a word: changes when anything does that goes into a worker. */
export function recipeDigest() {
  const hash = createHash('sha256').update(version).update(`${process.platform}-${process.arch}`);
  for (const { file, from, to } of edits) hash.update(`${file}\0${from}\0${to}\0`);
  for (const file of filesOf(overlay))
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(overlay, file)));
  return hash.digest('hex').slice(0, 16);
}

/**
 * The folder in which this recipe's worker is kept: in the user's cache, shared between clones and out of the reach of
 * `npm ci`; in the repository's own where there is no home that we may write to. The agent looks in the same places
 * (`workloads/rooms/node/worker/locate.ts`).
 */
export function workerFolder(env = process.env) {
  const name = `${version}-${recipeDigest()}`;
  for (const cache of [
    join(userCache(env), 'backlot', 'mediasoup-worker'),
    join(root, '.cache', 'mediasoup-worker'),
  ]) {
    if (isWritable(cache)) return join(cache, name);
  }
  return join(root, '.cache', 'mediasoup-worker', name);
}

function userCache(env) {
  const home = env.HOME ?? env.USERPROFILE ?? homedir();
  if (process.platform === 'win32') return env.LOCALAPPDATA ?? join(home, 'AppData', 'Local');
  if (process.platform === 'darwin') return join(home, 'Library', 'Caches');
  return env.XDG_CACHE_HOME || join(home, '.cache');
}

/** Tried by writing: a folder may be there and still be read-only. */
function isWritable(folder) {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    const probe = join(folder, `.probe-${process.pid}`);
    writeFileSync(probe, '');
    rmSync(probe);
    return true;
  } catch {
    return false;
  }
}

/** Relative paths of all files below a folder, in one order everywhere. */
function filesOf(folder, prefix = '') {
  return readdirSync(join(folder, prefix), { withFileTypes: true })
    .flatMap((entry) => {
      const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      return entry.isDirectory() ? filesOf(folder, path) : [path];
    })
    .sort((a, b) => (a < b ? -1 : 1));
}
