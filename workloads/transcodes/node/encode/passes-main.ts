import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

/**
 * Runs the passes of an encode, one after the other, as one process: `passes-main passes.json`, a list of argument
 * vectors. Its output is theirs, and so is its end: the first one that fails ends it with the same code. It is in the
 * same process group, so that a signal to the group reaches both; one to it alone is passed on.
 */
const [, , file = ''] = process.argv;
const passes = JSON.parse(readFileSync(file, 'utf8')) as [string, ...string[]][];

for (const [program, ...args] of passes) {
  const code = await runPass(program, args);
  if (code !== 0) process.exit(code);
}

function runPass(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    const pass = (signal: NodeJS.Signals) => child.kill(signal);
    process.once('SIGTERM', pass).once('SIGINT', pass);
    child.once('error', (error) => {
      process.stderr.write(`${program} can not be started: ${error.message}\n`);
      resolve(127);
    });
    child.once('exit', (code, signal) => {
      process.off('SIGTERM', pass).off('SIGINT', pass);
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}
