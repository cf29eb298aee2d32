import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { nodeErrors } from '@backlot/contract/errors/node';
import { nodeMark, runnerMark } from '../processes/marks.ts';
import { inFolder, runnerLog } from '../runner/files.ts';
import type { RunnerProgram } from '../runner/runner-program.ts';

export interface RunnerProcessParts {
  readonly runner: RunnerProgram;
  readonly clock: Clock;
  /** Value of the node's mark. */
  readonly owner: string;
  /** Value of the runner's mark. */
  readonly instance: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** How long a runner may take until its child runs, in milliseconds. Usually it is a tenth of a second. */
const readyMs = 20_000;

/** A runner that has been started and waits to be told its folder. */
export class RunnerProcess {
  readonly #clock: Clock;
  readonly #child: ChildProcess;
  readonly #channel: Socket;
  #failure: string | undefined;

  constructor({ runner, environment, owner, instance, clock }: RunnerProcessParts) {
    this.#clock = clock;
    this.#child = spawn(runner.node, [...runner.flags, runner.entry], {
      detached: true,
      windowsHide: true,
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      env: {
        PATH: environment.PATH ?? '',
        ...(environment.SystemRoot === undefined ? {} : { SystemRoot: environment.SystemRoot }),
        [nodeMark]: owner,
        [runnerMark]: instance,
      },
    });
    this.#channel = this.#child.stdio[3] as Socket;
    this.#channel.on('error', () => {});
    this.#child.once('error', (error) => {
      this.#failure = error.message;
    });
    this.#child.once('exit', (code, signal) => {
      this.#failure ??= `it ended with ${signal ?? code}`;
    });
    // It outlives this process; what is left of the bond is only that its end is reaped. Nor does waiting for work keep
    // anybody alive: the channel closes with this process, and a runner without work then ends.
    this.#child.unref();
    this.#channel.unref();
  }

  /** Still there to be told something. */
  get isWaiting(): boolean {
    return this.#failure === undefined;
  }

  /**
   * Tells the runner its folder and waits for its word that the child runs. Throws `runner_not_started`, with the end of
   * its log, when it ends or says nothing.
   */
  async run(id: string, folder: string): Promise<void> {
    try {
      await new Promise<void>((fulfil, reject) => {
        const fail = (reason: string) =>
          reject(new BacklotError(nodeErrors.runner_not_started, { params: { allocation: id, reason } }));
        const cancel = this.#clock.after(readyMs, () => {
          this.#child.kill('SIGKILL');
          fail(`it said nothing within ${readyMs / 1000} s`);
        });
        // Closed without a word: the runner has ended, and its log says why.
        this.#channel.once('close', () => {
          cancel();
          fail(lastLine(folder) ?? this.#failure ?? 'it ended at once');
        });
        this.#channel.once('data', () => {
          cancel();
          fulfil();
        });
        this.#channel.ref();
        this.#channel.write(`${folder}\n`);
      });
    } finally {
      this.#channel.destroy();
    }
  }

  /** Lets a runner that has no work yet end. */
  dismiss(): void {
    this.#channel.destroy();
  }
}

/**
 * Keeps a few runners that wait for work. A runner takes some 50 ms from its start to its child; one that waits already
 * takes a tenth of that. Each costs about 14 MB.
 */
export class SpareRunners {
  readonly #parts: RunnerProcessParts;
  readonly #wanted: number;
  #waiting: RunnerProcess[] = [];
  #cancelRefill: () => void = () => {};
  #closed = false;

  constructor(parts: RunnerProcessParts, wanted: number) {
    this.#parts = parts;
    this.#wanted = wanted;
    this.#refillLater();
  }

  /** A runner: one that waits, if there is one. */
  take(): RunnerProcess {
    let runner = this.#waiting.shift();
    while (runner && !runner.isWaiting) runner = this.#waiting.shift();
    this.#refillLater();
    return runner ?? new RunnerProcess(this.#parts);
  }

  close(): void {
    this.#closed = true;
    this.#cancelRefill();
    for (const runner of this.#waiting) runner.dismiss();
    this.#waiting = [];
  }

  /** Not at once: what has just been started wants the CPU now. */
  #refillLater(): void {
    this.#cancelRefill();
    if (this.#closed || this.#wanted === 0) return;
    this.#cancelRefill = this.#parts.clock.after(refillMs, () => {
      this.#waiting = this.#waiting.filter(({ isWaiting }) => isWaiting);
      if (this.#waiting.length >= this.#wanted) return;
      this.#waiting.push(new RunnerProcess(this.#parts));
      this.#refillLater();
    });
  }
}

/** From taking a runner to starting another one, in milliseconds. */
const refillMs = 200;

function lastLine(folder: string): string | undefined {
  try {
    return readFileSync(inFolder(folder, runnerLog), 'utf8').trim().split('\n').at(-1)?.trim().slice(0, 300);
  } catch {
    return undefined;
  }
}
