import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { ancestry } from './ancestry.mjs';
import { root } from './repository.mjs';
import { withToolsFirst } from './run.mjs';

/**
 * Runs a program in our place: it has our terminal, gets our signals once each, and its end is ours.
 *
 * A Ctrl-C reaches us up to three times (from the terminal, from npm, which passes its own on, and perhaps from
 * a wrapper), and the program itself once more from the terminal. So a signal is passed on over the channel
 * between us, and further ones within two seconds are echoes; a later one is a person who has lost patience.
 * When npm is killed, nobody tells us: then our ancestry changes, and that is taken as SIGTERM.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @returns {Promise<number>} exit code, 128 + n after signal n.
 */
export function runInForeground(file, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: root,
      env: withToolsFirst(),
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    });
    let passedAt = Number.NEGATIVE_INFINITY;
    const pass = (signal) => {
      const now = performance.now();
      if (now - passedAt < 2000) return;
      passedAt = now;
      if (child.connected) child.send({ signal }, () => undefined);
      else child.kill(signal);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, pass);

    const starters = ancestry();
    const watch =
      process.env.npm_lifecycle_event === undefined
        ? undefined
        : setInterval(() => ancestry() !== starters && pass('SIGTERM'), 1000);

    child.once('error', (error) => {
      clearInterval(watch);
      reject(error);
    });
    child.once('exit', (code, signal) => {
      clearInterval(watch);
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, pass);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}
