import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { nodeErrors } from '@backlot/contract/errors/node';
import type { RunnerStatus } from '@backlot/contract/runner/control';
import { ExitFile, LaunchFile, RunnerFile } from '@backlot/contract/runner/files';
import { removeGroup } from '../limits/control-group.ts';
import type { Limits } from '../limits/limits.ts';
import { allocationMark, nodeMark, runnerMark } from '../processes/marks.ts';
import { isAlive, type ProcessTable } from '../processes/process-table.ts';
import {
  exitFile,
  inFolder,
  launchFile,
  logsFolder,
  readJson,
  runnerFile,
  runnerLog,
  writeJson,
} from '../runner/files.ts';
import { awaitEnd, order, type RunnerOrder } from '../runner/runner-client.ts';
import type { RunnerProgram } from '../runner/runner-program.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { findExecutable } from '../sandbox/sandbox-system.ts';
import type { Driver, DriverHandle, Recovery, StartSpec } from './driver.ts';
import { childEnvironment } from './environment.ts';
import { settleLost } from './lost-runner.ts';

export interface ProcessDriverParts {
  readonly table: ProcessTable;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly sandbox: Sandbox;
  readonly runner: RunnerProgram;
  /** Put before commands that run without a sandbox; see `findGuard`. */
  readonly guard: readonly string[];
  /** Value of the node's mark. */
  readonly owner: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/** Kept of each stream, unless a task says otherwise. */
const defaultLogs = { segmentBytes: 4 * 1024 * 1024, totalBytes: 64 * 1024 * 1024 };
/** `/tmp` and `/dev/shm` in the sandbox are at most this large; they count as memory of the task. */
const sandboxTmpBytes = 4 * 1024 * 1024 * 1024;
/** How long a runner may take until its child runs, in milliseconds. Usually it is a tenth of a second. */
const readyMs = 20_000;
/** A Unix socket's path has at most 107 bytes on Linux and 103 on macOS. */
const maxSocketPath = 100;

/** Runs allocations as processes of this machine, each under a runner of its own. */
export class ProcessDriver implements Driver {
  readonly name = 'process';
  readonly features: Driver['features'];
  readonly #parts: ProcessDriverParts;

  constructor(parts: ProcessDriverParts) {
    this.#parts = parts;
    const { capability } = parts.limits;
    this.features = {
      freeze: capability.freezer || parts.table.stopsProcesses,
      memoryLimit: capability.memory,
      cpuLimit: capability.cpu,
      pidsLimit: capability.pids,
      sandbox: parts.sandbox.capability !== undefined,
    };
  }

  handleOf(id: string, folder: string): DriverHandle {
    return { driver: this.name, id, folder };
  }

  async start(spec: StartSpec, folder: string): Promise<DriverHandle> {
    const handle = this.handleOf(spec.id, folder);
    if ((await this.recover(handle)) !== 'never-started') return handle;
    mkdirSync(inFolder(folder, logsFolder), { recursive: true });
    const launch = this.#launchFile(spec, folder);
    writeJson(inFolder(folder, launchFile), launch);
    try {
      await this.#startRunner(handle);
    } catch (error) {
      // Another runner had claimed the folder, started by an agent that was killed before it could tell us.
      if ((await this.recover(handle)) === 'running') return handle;
      await this.destroy(handle);
      throw error;
    }
    return handle;
  }

  async recover(handle: DriverHandle): Promise<Recovery> {
    if (this.#readExit(handle)) return 'ended';
    const runner = this.#readRunner(handle);
    if (!runner) {
      // A runner that is just starting has not written its file yet, and one that died before has left no child: it
      // writes the file first. Waiting for its ready word is `start`'s business, and its pipe has closed by now.
      const [starting] = await this.#runnersOf(handle.id);
      return starting ? 'running' : 'never-started';
    }
    if (await isAlive(this.#parts.table, runner.runner)) return 'running';
    if (!this.#readExit(handle))
      await settleLost(this.#parts, handle.folder, runner, this.#readLaunch(handle));
    return 'ended';
  }

  async wait(handle: DriverHandle, signal: AbortSignal): Promise<ExitFile> {
    const { clock } = this.#parts;
    for (let pause = 50; ; pause = Math.min(pause * 2, 1_000)) {
      signal.throwIfAborted();
      const recovery = await this.recover(handle);
      const exit = this.#readExit(handle);
      if (exit) return exit;
      if (recovery === 'never-started') throw this.#unreachable(handle, 'it was never started');
      const path = this.#readRunner(handle)?.control;
      const told = path && (await awaitEnd({ allocation: handle.id, path, clock }, signal));
      if (told) return told;
      // The runner has closed its socket and is about to end, or does not listen yet.
      await clock.sleep(pause, signal);
    }
  }

  async stop(handle: DriverHandle, graceMs?: number): Promise<void> {
    if ((await this.recover(handle)) !== 'running') return;
    await this.#order(handle, graceMs === undefined ? { op: 'stop' } : { op: 'stop', graceMs }).catch(
      async (error: unknown) => {
        // Ended meanwhile, which is what was asked for.
        if ((await this.recover(handle)) === 'running') throw error;
      },
    );
  }

  async freeze(handle: DriverHandle): Promise<void> {
    await this.#order(handle, { op: 'freeze' });
  }

  async thaw(handle: DriverHandle): Promise<void> {
    await this.#order(handle, { op: 'thaw' });
  }

  async stats(handle: DriverHandle): Promise<RunnerStatus> {
    return await this.#order(handle, { op: 'status' });
  }

  async touch(handle: DriverHandle): Promise<void> {
    await this.#order(handle, { op: 'touch' });
  }

  async input(handle: DriverHandle, text: string): Promise<void> {
    await this.#order(handle, { op: 'input', text });
  }

  async destroy(handle: DriverHandle): Promise<void> {
    const launch = this.#readLaunch(handle);
    if (!launch) return;
    if (process.platform !== 'win32') await rm(launch.control, { force: true });
    // The last process leaves its group a moment after it has ended.
    for (let tries = 0; !removeGroup(launch.group) && tries < 20; tries += 1)
      await this.#parts.clock.sleep(25);
  }

  async #order(handle: DriverHandle, request: RunnerOrder): Promise<RunnerStatus> {
    const path = this.#readRunner(handle)?.control;
    if (!path) throw this.#unreachable(handle, 'it has not started yet');
    return await order({ allocation: handle.id, path, clock: this.#parts.clock }, request);
  }

  /** Puts together what the runner is to do, and makes the control group that it will use. */
  #launchFile(spec: StartSpec, folder: string): LaunchFile {
    const { limits, sandbox, owner, guard } = this.#parts;
    const { launch } = spec;
    const temporary = inFolder(folder, 'tmp');
    mkdirSync(temporary, { recursive: true });
    const cwd = resolve(spec.workDir, launch.cwd ?? '.');
    const env = childEnvironment({
      platform: process.platform,
      inherited: this.#parts.environment ?? process.env,
      home: spec.workDir,
      temporary: launch.sandbox ? '/tmp' : temporary,
      given: launch.env ?? {},
      marks: { [nodeMark]: owner, [allocationMark]: spec.id },
    });
    const program = findExecutable(launch.argv[0], env.PATH ?? '');
    if (!program)
      throw new BacklotError(nodeErrors.program_not_found, { params: { program: launch.argv[0] } });
    const argv: [string, ...string[]] = [program, ...launch.argv.slice(1)];
    const wrapped = launch.sandbox
      ? sandbox.wrap({
          argv,
          cwd,
          writable: spec.workDir,
          readOnly: [...spec.readOnly, ...(launch.sandbox.readOnly ?? [])],
          network: launch.sandbox.network,
          gpu: launch.sandbox.gpu ?? false,
          tmpBytes: sandboxTmpBytes,
        })
      : argv;
    const wallMs = launch.limits?.wallMs ?? spec.limits.wallMs;
    const silenceMs = launch.limits?.silenceMs ?? spec.limits.silenceMs;
    const pids = launch.limits?.pids ?? spec.limits.pids;
    const group = limits.create(spec.id, { ...spec.limits, ...(pids === undefined ? {} : { pids }) });
    return LaunchFile.parse({
      v: 1,
      allocation: spec.id,
      argv: wrapped,
      env,
      cwd: launch.sandbox ? spec.workDir : cwd,
      stdin: spec.stdin ?? 'none',
      ...(spec.stop === undefined ? {} : { stop: spec.stop }),
      stopGraceMs: spec.limits.stopGraceMs,
      ...(wallMs === undefined ? {} : { wallMs }),
      ...(silenceMs === undefined ? {} : { silenceMs }),
      logs: spec.logs ?? defaultLogs,
      group,
      sandboxed: launch.sandbox !== undefined,
      control: controlPath(folder),
      guard: launch.sandbox ? [] : guard,
    });
  }

  /** Starts the runner detached from this process and waits for its word that the child runs. */
  async #startRunner(handle: DriverHandle): Promise<void> {
    const { runner, owner, clock } = this.#parts;
    const inherited = this.#parts.environment ?? process.env;
    const log = openSync(inFolder(handle.folder, runnerLog), 'a', 0o640);
    try {
      const child = spawn(runner.node, [...runner.flags, runner.entry, handle.folder], {
        cwd: handle.folder,
        detached: true,
        windowsHide: true,
        stdio: ['ignore', 'ignore', log, 'pipe'],
        env: {
          PATH: inherited.PATH ?? '',
          ...(inherited.SystemRoot === undefined ? {} : { SystemRoot: inherited.SystemRoot }),
          [nodeMark]: owner,
          [runnerMark]: handle.id,
        },
      });
      const ready = child.stdio[3] as Readable;
      try {
        await new Promise<void>((fulfil, reject) => {
          const fail = (reason: string, cause?: unknown) => {
            const params = { allocation: handle.id, reason };
            reject(new BacklotError(nodeErrors.runner_not_started, { params, cause }));
          };
          const cancel = clock.after(readyMs, () => {
            child.kill('SIGKILL');
            fail(`it said nothing within ${readyMs / 1000} s`);
          });
          child.once('error', (error) => fail(error.message, error));
          child.once('exit', (code) => {
            cancel();
            fail(`it ended with ${code}: ${lastLine(handle.folder)}`);
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

  async #runnersOf(id: string) {
    const { table } = this.#parts;
    return await table.withMark(await table.list(), runnerMark, id);
  }

  #readRunner(handle: DriverHandle): RunnerFile | undefined {
    const file = readJson(inFolder(handle.folder, runnerFile));
    return file === undefined ? undefined : RunnerFile.parse(file);
  }

  #readLaunch(handle: DriverHandle): LaunchFile | undefined {
    const file = readJson(inFolder(handle.folder, launchFile));
    return file === undefined ? undefined : LaunchFile.parse(file);
  }

  #readExit(handle: DriverHandle): ExitFile | undefined {
    const file = readJson(inFolder(handle.folder, exitFile));
    return file === undefined ? undefined : ExitFile.parse(file);
  }

  #unreachable(handle: DriverHandle, reason: string): BacklotError {
    return new BacklotError(nodeErrors.runner_unreachable, { params: { allocation: handle.id, reason } });
  }
}

/** Where the runner of a folder listens: in the folder, or, when its path is too long, in the place for short ones. */
function controlPath(folder: string): string {
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 24);
  if (process.platform === 'win32') return `\\\\.\\pipe\\backlot-${name}`;
  const inside = join(folder, 'control.sock');
  return Buffer.byteLength(inside) <= maxSocketPath ? inside : join(tmpdir(), `backlot-${name}.sock`);
}

function lastLine(folder: string): string {
  try {
    return readFileSync(inFolder(folder, runnerLog), 'utf8').trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  } catch {
    return '';
  }
}
