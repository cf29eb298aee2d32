import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { cliErrors } from '@backlot/contract/errors/cli';
import { PartMessage, type SupervisorMessage } from '@backlot/contract/supervision';
import { afterDeath, type BackOffState } from './back-off.ts';

export interface PartOptions {
  /** `control` or `agent`, as in the log. */
  readonly name: string;
  /** The program and its arguments; run by the Node that runs us. */
  readonly argv: readonly string[];
  /** Asked for at each start. */
  readonly env: () => Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Every line that it writes. */
  readonly onLine: (line: string) => void;
  readonly onMessage: (message: PartMessage) => void;
  /** Called after each start and each death, with the process or without. */
  readonly onProcess: (pid: number | undefined) => void;
  /** Told of each death that was not ours, and of the pause before the next start. */
  readonly onDeath: (how: string, pauseMs: number) => void;
  /** Where all its lines go, for the sentence when it can't start. */
  readonly logPath: string;
}

/** It said itself, in a sentence, why it can't start. */
export class PartRefusedError extends Error {
  override readonly name = 'PartRefusedError';
  readonly code: string;
  readonly exitCode: number;

  constructor(code: string, message: string, exitCode: number) {
    super(message);
    this.code = code;
    this.exitCode = exitCode;
  }
}

/**
 * One part of the installation in a process of its own, kept alive: when it dies it is started again, with
 * pauses that grow while it keeps dying. One that has never been ready is not started again; its failure is ours.
 *
 * It runs in a process group of its own, so that a Ctrl-C in the terminal reaches only us and parts end in the
 * right order. When we are killed, it learns so from the end of the channel.
 */
export class Part {
  readonly #options: PartOptions;
  #child: ChildProcess | undefined;
  #startedAt = 0;
  #state: BackOffState = { deaths: 0 };
  #wasReady = false;
  #stopping = false;
  #cancelRestart: (() => void) | undefined;
  #refusal: { code: string; message: string } | undefined;
  readonly #first = Promise.withResolvers<void>();

  constructor(options: PartOptions) {
    this.#options = options;
    // Its owner awaits `start`; a failure while nobody looks must not end the process.
    this.#first.promise.catch(() => undefined);
  }

  /**
   * Starts it for the first time; resolves when it says that it is ready.
   * @throws PartRefusedError, or part_failed when it ended without a word.
   */
  start(): Promise<void> {
    this.#spawn();
    return this.#first.promise;
  }

  /** Lost when it is not running: whoever asks must be able to ask again. */
  send(message: SupervisorMessage): void {
    if (this.#child?.connected) this.#child.send(message, () => undefined);
  }

  /** Ends it: asked first, killed when the grace is over. Resolves when the process is gone. Harmless when repeated. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#cancelRestart?.();
    this.#first.reject(new Error(`${this.#options.name} was stopped.`));
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const kill = () => child.kill('SIGKILL');
    const cancel = this.#options.clock.after(graceMs, kill);
    if (child.connected) child.send({ signal: 'SIGTERM' }, () => undefined);
    else child.kill('SIGTERM');
    await gone;
    cancel();
  }

  #spawn(): void {
    const { argv, env, clock } = this.#options;
    this.#startedAt = clock.monotonic();
    const child = spawn(process.execPath, [...process.execArgv, ...argv], {
      env: { ...env() },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
      windowsHide: true,
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) this.#readLines(stream);
    child.on('message', (message) => this.#receive(message));
    // `exit` follows, unless the process could not even be made.
    child.on(
      'error',
      (error) => child.pid === undefined && this.#died(`it could not be started: ${error.message}`, -1),
    );
    child.once('exit', (code, signal) =>
      this.#died(signal === null ? `exit code ${code}` : signal, code ?? -1),
    );
    this.#options.onProcess(child.pid);
  }

  #readLines(stream: Readable | null): void {
    if (!stream) return;
    createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', this.#options.onLine);
  }

  #receive(raw: unknown): void {
    const message = PartMessage.safeParse(raw).data;
    if (!message) return;
    if (message.t === 'failed') this.#refusal = { code: message.code, message: message.message };
    else if (message.t === 'control-ready' || message.t === 'node-ready') {
      this.#wasReady = true;
      this.#first.resolve();
    }
    this.#options.onMessage(message);
  }

  #died(how: string, code: number): void {
    this.#child = undefined;
    this.#options.onProcess(undefined);
    if (this.#stopping) return;
    if (!this.#wasReady) {
      this.#first.reject(this.#failure(code));
      return;
    }
    const livedMs = this.#options.clock.monotonic() - this.#startedAt;
    const { state, pauseMs } = afterDeath(this.#state, livedMs);
    this.#state = state;
    this.#refusal = undefined;
    this.#options.onDeath(how, pauseMs);
    this.#cancelRestart = this.#options.clock.after(pauseMs, () => this.#spawn());
  }

  #failure(code: number): Error {
    if (this.#refusal) return new PartRefusedError(this.#refusal.code, this.#refusal.message, code);
    const { name, logPath } = this.#options;
    return new BacklotError(cliErrors.part_failed, { params: { part: name, code, log: logPath } });
  }
}
