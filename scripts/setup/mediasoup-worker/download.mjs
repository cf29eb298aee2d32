import { chmodSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform, release } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { packageFolder, programName, version } from './recipe.mjs';

/** Until the server answers, and until all is there, in milliseconds: without a network nobody waits long. */
const answerMs = 8_000;
const wholeMs = 90_000;

/**
 * Brings mediasoup's own build of the worker from its project's releases, where its package says they are.
 *
 * @param {string} target path of the program to make.
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<boolean>} false: there is none for this machine, or no way to it.
 */
export async function downloadWorker(target, signal) {
  const folder = mkdtempSync(join(dirname(target), 'download-'));
  try {
    const url = `${releasesOf(process.env)}/${version}/${archiveName()}`;
    const waiting = new AbortController();
    const patience = setTimeout(() => waiting.abort(), answerMs);
    const limits = [waiting.signal, AbortSignal.timeout(wholeMs), ...(signal ? [signal] : [])];
    const response = await fetch(url, { signal: AbortSignal.any(limits) });
    clearTimeout(patience);
    if (!response.ok || !response.body) return false;
    // The archiver of mediasoup's own installation.
    const tar = createRequire(join(packageFolder, 'package.json'))('tar');
    await pipeline(Readable.fromWeb(response.body), tar.extract({ cwd: folder, strict: true }));
    const program = join(folder, programName);
    if (!existsSync(program)) return false;
    chmodSync(program, 0o755);
    renameSync(program, target);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function releasesOf(env) {
  if (env.MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL) return env.MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL;
  const { repository } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
  const url = repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
  return `${url}/releases/download`;
}

/** As mediasoup's `npm-scripts.mjs` names them: on Linux by the kernel's major version. */
export function archiveName() {
  const kernel = platform() === 'linux' ? `-kernel${release().split('.')[0]}` : '';
  return `mediasoup-worker-${version}-${platform()}-${arch()}${kernel}.tgz`;
}
