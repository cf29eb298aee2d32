import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { root } from './repository.mjs';

/**
 * Runs a program to its end and keeps the first and last lines of what it says: the first complaint is most often
 * the cause. Never with a shell.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{
 *   report?: (line: string) => void,
 *   env?: Record<string, string | undefined>,
 *   limitMs: number,
 *   inherit?: boolean,
 *   signal?: AbortSignal,
 * }} options `inherit` lets it write to our own output instead; `signal` ends it.
 * @returns {Promise<{ code: number, tail: string }>} code -1: it could not be started or had to be ended.
 */
export function run(file, args, options) {
  return new Promise((resolve) => {
    const head = [];
    const lines = [];
    const child = spawn(file, args, {
      cwd: root,
      env: { ...withToolsFirst(), ...options.env },
      stdio: ['ignore', options.inherit ? 'inherit' : 'pipe', options.inherit ? 'inherit' : 'pipe'],
    });
    const limit = setTimeout(() => {
      lines.push(`It did not end within ${Math.round(options.limitMs / 1000)} seconds and was stopped.`);
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), 5000).unref();
    }, options.limitMs);
    const passOn = (signal) => child.kill(signal);
    process.on('SIGINT', passOn);
    process.on('SIGTERM', passOn);
    const onAbort = () => child.kill('SIGTERM');
    if (options.signal?.aborted) onAbort();
    options.signal?.addEventListener('abort', onAbort, { once: true });
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream?.setEncoding('utf8').on('data', (piece) => {
        const pieces = (rest + piece).split(/\r\n|\n|\r/);
        rest = pieces.pop() ?? '';
        for (const line of pieces) keep(line);
      });
      stream?.on('end', () => rest !== '' && keep(rest));
    }
    child.once('error', (error) => end(-1, error.message));
    child.once('close', (code) => end(code ?? -1));

    function keep(line) {
      if (head.length < 12) head.push(line);
      else lines.push(line);
      if (lines.length > 40) lines.shift();
      if (line.trim() !== '') options.report?.(line);
    }
    function end(code, message) {
      clearTimeout(limit);
      process.off('SIGINT', passOn);
      process.off('SIGTERM', passOn);
      options.signal?.removeEventListener('abort', onAbort);
      if (message) lines.push(message);
      resolve({ code, tail: [...head, ...lines].join('\n').trim() });
    }
  });
}

/** Our environment with the repository's own tools first, as npm's scripts have it, however we were started. */
export function withToolsFirst() {
  const key = Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  const tools = join(root, 'node_modules', '.bin');
  return { ...process.env, [key]: [tools, process.env[key] ?? ''].join(delimiter) };
}
