import type { RunnerStatus } from '@backlot/contract/runner/control';
import type { ExitFile, StopRequest } from '@backlot/contract/runner/files';
import type { Launch } from '../workload.ts';

/** All that a driver needs to start one allocation (or host). */
export interface StartSpec {
  /** Id of the allocation or host. Also the mark in the environment of its processes. */
  readonly id: string;
  readonly launch: Launch;
  /** Absolute; the process may write here and nowhere else. Exists. */
  readonly workDir: string;
  /** Absolute; shown read-only. Exists. */
  readonly readOnly: readonly string[];
  readonly limits: StartLimits;
  readonly stop?: StopRequest;
  /** `pipe` lets `input` write to the process, and closes when its runner dies. `none` unless told. */
  readonly stdin?: 'none' | 'pipe';
  readonly logs?: { readonly segmentBytes: number; readonly totalBytes: number };
}

export interface StartLimits {
  /** Bytes. */
  readonly memory?: number;
  /** Cores, as a hard ceiling. */
  readonly cpu?: number;
  /** Share of a busy machine, 1..10000; 100 is usual. */
  readonly cpuWeight?: number;
  /** Processes and threads together. */
  readonly pids?: number;
  /** Milliseconds of running. */
  readonly wallMs?: number;
  /** Milliseconds without output or progress. */
  readonly silenceMs?: number;
  /** Milliseconds between asking to end and killing. */
  readonly stopGraceMs: number;
}

/** By what a driver finds its work again. Plain JSON, kept in the agent's journal. */
export interface DriverHandle {
  /** Name of the driver. */
  readonly driver: string;
  readonly id: string;
  /** The folder of the allocation. */
  readonly folder: string;
}

/** How work stands that a driver was asked to find again. */
export type Recovery = 'running' | 'ended' | 'never-started';

/**
 * A way to run processes: as children of this machine, in a container, in a pod. What a driver starts outlives the
 * agent; a new agent gives the handle to `recover` and goes on. Every method can be called again after a crash in the
 * middle of it. A contract suite in the testkit holds for every driver.
 */
export interface Driver {
  readonly name: string;
  /** What of `StartLimits` and which orders work here. */
  readonly features: {
    readonly freeze: boolean;
    readonly memoryLimit: boolean;
    readonly cpuLimit: boolean;
    readonly pidsLimit: boolean;
    readonly sandbox: boolean;
  };
  /**
   * Starts the work, or finds it when it was started in this folder before. Throws a typed error when it can't be
   * started for a reason of this node; a program that fails at once is an exit like any other.
   */
  start(spec: StartSpec, folder: string): Promise<DriverHandle>;
  /** The handle for a folder, when the agent died between starting the work and writing the handle down. */
  handleOf(id: string, folder: string): DriverHandle;
  recover(handle: DriverHandle): Promise<Recovery>;
  /** Resolves with the end of the work, however long that takes; again with the same end when asked again. */
  wait(handle: DriverHandle, signal: AbortSignal): Promise<ExitFile>;
  /** Asks the work to end and kills its whole tree after the grace. Resolves at once; `wait` tells the end. */
  stop(handle: DriverHandle, graceMs?: number): Promise<void>;
  /** Resolves when everything was seen to stand still. Its memory is kept, its limits of time stand still too. */
  freeze(handle: DriverHandle): Promise<void>;
  thaw(handle: DriverHandle): Promise<void>;
  stats(handle: DriverHandle): Promise<RunnerStatus>;
  /** A word of progress that was seen elsewhere: the limit of silence counts from now. */
  touch(handle: DriverHandle): Promise<void>;
  /** Text for the standard input of a process started with `stdin: pipe`. */
  input(handle: DriverHandle, text: string): Promise<void>;
  /** Gives back what the work still holds outside its folder. Call it after the end; the folder stays. */
  destroy(handle: DriverHandle): Promise<void>;
}
