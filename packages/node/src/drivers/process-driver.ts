import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { nodeErrors } from '@backlot/contract/errors/node';
import type { RunnerStatus } from '@backlot/contract/runner/control';
import { ExitFile, LaunchFile, RunnerFile } from '@backlot/contract/runner/files';
import { removeGroup } from '../limits/control-group.ts';
import { isAlive, type ProcessTable } from '../processes/process-table.ts';
import {
  exitFile,
  inFolder,
  launchFile,
  logsFolder,
  readJson,
  runnerFile,
  writeJson,
} from '../runner/files.ts';
import { awaitEnd, order, type RunnerOrder } from '../runner/runner-client.ts';
import { composeLaunch, type LaunchParts } from './compose-launch.ts';
import type { Driver, DriverHandle, Recovery, StartSpec } from './driver.ts';
import { settleLost } from './lost-runner.ts';
import { type RunnerProcessParts, SpareRunners } from './runner-process.ts';

export interface ProcessDriverParts extends LaunchParts, RunnerProcessParts {
  readonly table: ProcessTable;
  /** Runners that are started before there is work for them. None unless told. */
  readonly spareRunners?: number;
}

/** Runs allocations as processes of this machine, each under a runner of its own. */
export class ProcessDriver implements Driver {
  readonly name = 'process';
  readonly features: Driver['features'];
  readonly #parts: ProcessDriverParts;
  readonly #runners: SpareRunners;

  constructor(parts: ProcessDriverParts) {
    this.#parts = parts;
    this.#runners = new SpareRunners(parts, parts.spareRunners ?? 0);
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
    writeJson(inFolder(folder, launchFile), composeLaunch(this.#parts, spec, folder));
    try {
      await this.#runners.take().run(spec.id, folder);
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
    // Nobody has claimed the folder. A runner that an agent told of it with its last breath may do so in the next moment:
    // then one that is started in its place finds the folder taken, and `start` takes the first one for its own.
    if (!runner) return 'never-started';
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

  /** Lets runners end that have no work. Those that have go on. */
  close(): void {
    this.#runners.close();
  }

  async #order(handle: DriverHandle, request: RunnerOrder): Promise<RunnerStatus> {
    const path = this.#readRunner(handle)?.control;
    if (!path) throw this.#unreachable(handle, 'it has not started yet');
    return await order({ allocation: handle.id, path, clock: this.#parts.clock }, request);
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
