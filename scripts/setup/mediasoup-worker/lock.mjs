import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Between two looks at somebody else's lock, in milliseconds. */
const lookMs = 500;

/**
 * Does work that only one process of this machine may do at a time. Who waits looks again afterwards whether there is still
 * anything to do. A lock whose process is gone is nobody's.
 *
 * @template T
 * @param {string} path of the lock, a folder.
 * @param {number} limitMs how long to wait for somebody else.
 * @param {AbortSignal | undefined} signal
 * @param {() => Promise<T>} work
 * @returns {Promise<T | undefined>} undefined: it was not our turn in time.
 */
export async function alone(path, limitMs, signal, work) {
  const until = performance.now() + limitMs;
  while (!take(path)) {
    if (performance.now() > until || signal?.aborted) return undefined;
    await sleep(lookMs);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

function take(path) {
  try {
    mkdirSync(path);
    writeFileSync(join(path, 'pid'), String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (!isHeld(path)) rmSync(path, { recursive: true, force: true });
    return false;
  }
}

function isHeld(path) {
  let pid;
  try {
    pid = Number(readFileSync(join(path, 'pid'), 'utf8'));
  } catch {
    // Taken this very moment, its name not yet written.
    return true;
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
