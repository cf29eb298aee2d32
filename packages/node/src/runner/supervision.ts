import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import type { Clock } from '@backlot/contract/clock';
import type { RunnerStatus } from '@backlot/contract/runner/control';
import type { ExitFile, LaunchFile, ProcessRef } from '@backlot/contract/runner/files';
import { identify, type ProcessTable } from '../processes/process-table.ts';
import { ChildOutput } from './child-output.ts';
import { ChildTree } from './child-tree.ts';
import { type EndFacts, exitVerdict } from './exit-cause.ts';
import { inFolder, logsFolder } from './files.ts';
import { launchCommand, launchFailedFile } from './launcher.ts';
import { RunningTime } from './time-limits.ts';

/** How often memory is measured, in milliseconds. */
const sampleMs = 500;
/** Pids that a status tells at most. */
const mostPids = 256;

export interface SupervisionParts {
  readonly folder: string;
  readonly launch: LaunchFile;
  readonly table: ProcessTable;
  readonly clock: Clock;
}

/** What a request came to. */
export type RequestOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: string; readonly message: string };

/**
 * One child from its start to its end: its logs, its limits of time, its freezing, and the ending of everything that it
 * has started. Control groups limit the rest; the agent has made them before.
 */
export class Supervision {
  readonly #parts: SupervisionParts;
  readonly #output: ChildOutput;
  readonly #wallStart: number;
  readonly #time: RunningTime;
  #child: ChildProcess | undefined;
  #identity: ProcessRef | null = null;
  #tree: ChildTree | undefined;
  #state: RunnerStatus['state'] = 'starting';
  #ended: EndFacts['ended'];
  #stopGraceMs = 0;
  #cancelKills: (() => void)[] = [];
  #cancelSample: () => void = () => {};
  #cancelDeadline: () => void = () => {};
  /** Freezing, thawing and stopping take turns: each one waits for those before it. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: SupervisionParts) {
    this.#parts = parts;
    const { folder, launch, clock } = parts;
    this.#output = new ChildOutput({
      folder: inFolder(folder, logsFolder),
      limits: launch.logs,
      clock,
      onHeard: () => this.touch(),
    });
    this.#wallStart = clock.now();
    this.#time = new RunningTime(() => clock.monotonic());
  }

  get identity(): ProcessRef | null {
    return this.#identity;
  }

  /** Starts the child and resolves when it has ended, with all that it started. `started` is told when it runs. */
  async run(started: (child: ProcessRef) => void): Promise<ExitFile> {
    const { folder, launch, table, clock } = this.#parts;
    const failedFile = inFolder(folder, launchFailedFile);
    const [program, ...argv] = launchCommand(launch, failedFile, process.platform);
    const child = spawn(program, argv, {
      cwd: launch.cwd,
      env: launch.env,
      stdio: [launch.stdin === 'pipe' ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      // A session of its own. Not on Windows: there, what isn't detached is in a job object that ends with the runner.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    this.#child = child;
    // Writing to a child that has closed its input is no fault of the runner.
    child.stdin?.on('error', () => {});
    const failure = new Promise<Error>((resolve) => child.once('error', resolve));
    if (child.pid === undefined) return this.#exit({ spawnError: await failure });

    const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    this.#output.follow(child);
    // Gone already: then there is nothing to tell apart, and the end says the rest.
    this.#identity = (await identify(table, child.pid)) ?? { pid: child.pid, start: 'ended' };
    this.#tree = new ChildTree(table, clock, launch, this.#identity);
    if (this.#state === 'starting') this.#state = 'running';
    // Told to stop before there was anything to stop.
    else this.#end(this.#tree, this.#stopGraceMs, true);
    started(this.#identity);
    this.#watchTime();
    this.#sample(this.#tree);

    const { code, signal } = await ended;
    this.#state = 'ended';
    this.#cancelDeadline();
    this.#cancelSample();
    for (const cancel of this.#cancelKills) cancel();
    const usage = this.#tree.usage();
    const left = await this.#tree.kill();
    await this.#output.drain(child);
    child.stdin?.destroy();
    return this.#exit({
      facts: {
        code,
        signal,
        sandboxed: launch.sandboxed,
        ended: this.#ended,
        oomKills: usage.oomKills,
        launchFailed: readLaunchFailure(failedFile),
        stderrHead: this.#output.stderrHead,
      },
      usage,
      leftBehind: left.found,
    });
  }

  status(): RunnerStatus {
    const { oomKills: _, ...usage } = this.#tree?.usage() ?? { oomKills: 0 };
    const { memory, pids = [] } = this.#tree?.lastSample() ?? {};
    return {
      state: this.#state,
      child: this.#identity,
      usage: { wallMs: Math.round(this.#time.wallMs), ...usage },
      ...(memory === undefined ? {} : { memory }),
      pids: pids.slice(0, mostPids),
      frozenMs: Math.round(this.#time.frozenMs),
      silentMs: Math.round(this.#time.silentMs),
      stdout: this.#output.counts.stdout,
      stderr: this.#output.counts.stderr,
    };
  }

  /** A word of progress from outside: the limit of silence counts from now. */
  touch(): void {
    this.#time.heard();
  }

  /** Writes to the child's standard input. */
  input(text: string): RequestOutcome {
    if (!this.#child?.stdin?.writable) {
      return {
        ok: false,
        code: 'no_input',
        message: 'The process has no standard input that could be written to.',
      };
    }
    this.#child.stdin.write(text);
    return { ok: true };
  }

  /** Asks the child to end, and kills its tree when it has not after the grace. Asking again can shorten the grace. */
  stop(
    graceMs: number = this.#parts.launch.stopGraceMs,
    why: NonNullable<EndFacts['ended']> = 'stopped',
  ): void {
    if (this.#state === 'ended') return;
    this.#ended ??= why;
    const first = this.#state !== 'stopping';
    this.#state = 'stopping';
    this.#stopGraceMs = graceMs;
    this.#cancelDeadline();
    if (this.#tree) this.#end(this.#tree, graceMs, first);
  }

  #end(tree: ChildTree, graceMs: number, ask: boolean): void {
    const { launch, clock } = this.#parts;
    void this.#inTurn(async () => {
      if (ask && graceMs > 0) {
        if (launch.stop.input !== undefined) this.input(launch.stop.input);
        await tree.ask(launch.stop.signal);
      }
      if (this.#time.isFrozen) await this.#thawNow();
    });
    this.#cancelKills.push(clock.after(graceMs, () => void tree.kill()));
  }

  async freeze(): Promise<RequestOutcome> {
    return await this.#inTurn(async () => {
      if (this.#time.isFrozen) return { ok: true };
      if (this.#state !== 'running') {
        return {
          ok: false,
          code: 'not_running',
          message: `A process that is ${this.#state} can’t be frozen.`,
        };
      }
      const began = this.#parts.clock.monotonic();
      if (!(await this.#tree?.setFrozen(true))) {
        return {
          ok: false,
          code: 'freeze_failed',
          message: 'Some process could not be stopped; all of them run on.',
        };
      }
      this.#time.froze(began);
      // The child may have ended, or been asked to, while it was being frozen.
      if (this.#state === 'running') this.#state = 'frozen';
      this.#cancelDeadline();
      return { ok: true };
    });
  }

  async thaw(): Promise<RequestOutcome> {
    return await this.#inTurn(async () => {
      if (!this.#time.isFrozen) return { ok: true };
      if (!(await this.#thawNow())) {
        return { ok: false, code: 'thaw_failed', message: 'Some process could not be continued; try again.' };
      }
      return { ok: true };
    });
  }

  async #thawNow(): Promise<boolean> {
    if (!(await this.#tree?.setFrozen(false))) return false;
    this.#time.thawed();
    if (this.#state === 'frozen') this.#state = 'running';
    this.#watchTime();
    return true;
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(act);
    this.#turn = result.catch(() => {});
    return result;
  }

  /** Looks at the limits of time, and again when the next of them could be reached. */
  #watchTime(): void {
    this.#cancelDeadline();
    if (this.#state !== 'running') return;
    const { clock, launch } = this.#parts;
    const verdict = this.#time.judge(launch);
    if (verdict.over) {
      this.stop(launch.stopGraceMs, verdict.over);
      return;
    }
    // Output only moves the limit of silence: looking again at the old one finds it later, without a timer per line.
    if (verdict.inMs !== undefined)
      this.#cancelDeadline = clock.after(verdict.inMs + 1, () => this.#watchTime());
  }

  #sample(tree: ChildTree): void {
    if (this.#state === 'ended') return;
    void tree.sample().catch(() => {
      // Measuring is not worth an allocation; the next time may go better.
    });
    this.#cancelSample = this.#parts.clock.after(sampleMs, () => this.#sample(tree));
  }

  #exit(
    end:
      | { spawnError: Error }
      | {
          facts: EndFacts;
          usage: { cpuMs?: number; peakMemory?: number; oomKills: number };
          leftBehind: number;
        },
  ): ExitFile {
    const { launch, clock } = this.#parts;
    this.#state = 'ended';
    const verdict =
      'facts' in end
        ? exitVerdict(end.facts)
        : { cause: 'spawn-failed' as const, code: null, signal: null, message: end.spawnError.message };
    const { oomKills, ...usage } = 'facts' in end ? end.usage : { oomKills: 0 };
    return {
      v: 1,
      allocation: launch.allocation,
      ...verdict,
      usage: { wallMs: Math.round(this.#time.wallMs), ...usage },
      frozenMs: Math.round(this.#time.frozenMs),
      oomKills,
      output: this.#output.counts,
      leftBehind: 'facts' in end ? end.leftBehind : 0,
      startedAt: new Date(this.#wallStart).toISOString(),
      endedAt: new Date(clock.now()).toISOString(),
    };
  }
}

/** The launcher's exit code, when it left one because the program could not be started. */
function readLaunchFailure(path: string): number | undefined {
  try {
    const code = Number(readFileSync(path, 'utf8').trim());
    rmSync(path, { force: true });
    return Number.isInteger(code) ? code : 127;
  } catch {
    return undefined;
  }
}
