import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { programFile } from '@backlot/node/workload';
import { endFile } from './files.ts';

/**
 * Keeps a recorder running: one that dies is started again at once, so that a recording goes on within a fraction of a second,
 * also when agent and control plane are away. Ends with the recorder, when that ends well.
 */
const shortestPauseMs = 50;
const longestPauseMs = 2_000;
/** A recorder that lived so long was well; its death is no habit. Milliseconds. */
const healthyMs = 10_000;
/** Deaths in a row after which the attempt is given up: another one, elsewhere, may do better. */
const maxDeaths = 20;

const program = programFile(import.meta.url, './recorder-main');
let stopping = false;
let pause = shortestPauseMs;
let deaths = 0;
for (;;) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['--no-warnings', program], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const pass = (signal: NodeJS.Signals) => {
    stopping = true;
    child.kill(signal);
  };
  process.once('SIGTERM', pass);
  process.once('SIGINT', pass);
  const how = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(String(signal ?? code)));
  });
  process.off('SIGTERM', pass);
  process.off('SIGINT', pass);
  if (existsSync(endFile)) process.exit(0);
  if (stopping) process.exit(1);
  console.error(`the recorder ended with ${how} and is started again`);
  const wasWell = performance.now() - startedAt > healthyMs;
  deaths = wasWell ? 1 : deaths + 1;
  pause = wasWell ? shortestPauseMs : Math.min(longestPauseMs, pause * 2);
  if (deaths > maxDeaths) process.exit(1);
  await sleep(pause);
}
