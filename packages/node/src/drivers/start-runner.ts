import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { nodeErrors } from '@backlot/contract/errors/node';
import { nodeMark, runnerMark } from '../processes/marks.ts';
import { inFolder, runnerLog } from '../runner/files.ts';
import type { RunnerProgram } from '../runner/runner-program.ts';

export interface StartRunnerParts {
  readonly runner: RunnerProgram;
  readonly clock: Clock;
  /** Value of the node's mark. */
  readonly owner: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** How long a runner may take until its child runs, in milliseconds. Usually it is a tenth of a second. */
const readyMs = 20_000;

/**
 * Starts the runner of a folder, detached from this process, and waits for its word that the child runs. Throws
 * `runner_not_started` with the end of its log when it says nothing or ends.
 */
export async function startRunner(parts: StartRunnerParts, id: string, folder: string): Promise<void> {
  const { runner, environment, owner, clock } = parts;
  const log = openSync(inFolder(folder, runnerLog), 'a', 0o640);
  try {
    const child = spawn(runner.node, [...runner.flags, runner.entry, folder], {
      cwd: folder,
      detached: true,
      windowsHide: true,
      stdio: ['ignore', 'ignore', log, 'pipe'],
      env: {
        PATH: environment.PATH ?? '',
        ...(environment.SystemRoot === undefined ? {} : { SystemRoot: environment.SystemRoot }),
        [nodeMark]: owner,
        [runnerMark]: id,
      },
    });
    const ready = child.stdio[3] as Readable;
    try {
      await new Promise<void>((fulfil, reject) => {
        const fail = (reason: string, cause?: unknown) =>
          reject(
            new BacklotError(nodeErrors.runner_not_started, { params: { allocation: id, reason }, cause }),
          );
        const cancel = clock.after(readyMs, () => {
          child.kill('SIGKILL');
          fail(`it said nothing within ${readyMs / 1000} s`);
        });
        child.once('error', (error) => {
          cancel();
          fail(error.message, error);
        });
        child.once('exit', (code) => {
          cancel();
          fail(`it ended with ${code}: ${lastLine(folder)}`);
        });
        ready.on('error', () => {});
        ready.once('data', () => {
          cancel();
          fulfil();
        });
      });
    } finally {
      ready.destroy();
      child.removeAllListeners();
      child.on('error', () => {});
      // The runner outlives this process; what is left of the bond is only that its end is reaped.
      child.unref();
    }
  } finally {
    closeSync(log);
  }
}

function lastLine(folder: string): string {
  try {
    return (
      readFileSync(inFolder(folder, runnerLog), 'utf8').trim().split('\n').at(-1)?.trim().slice(0, 300) ?? ''
    );
  } catch {
    return '';
  }
}
