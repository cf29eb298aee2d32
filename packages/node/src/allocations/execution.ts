import type { Call, Progress, TaskClass } from '@backlot/contract';
import type { ExitFile } from '@backlot/contract/runner/files';
import { z } from 'zod';
import type { Driver, Recovery } from '../drivers/driver.ts';
import type { Hosts } from '../hosts/hosts.ts';
import {
  type HostedExecutor,
  type Launch,
  type ProcessFacts,
  type RunningContext,
  type TaskContext,
  type TaskExecutor,
  TaskFailure,
} from '../workload.ts';
import { agentFailure } from './failures.ts';

/** An executor of any kind; its parameters are checked by its own schema before it sees them. */
export type AnyExecutor = TaskExecutor<unknown> | HostedExecutor<unknown>;

/** Folders of an allocation. */
export interface AllocationFolders {
  readonly root: string;
  readonly inputs: string;
  readonly work: string;
  readonly logs: string;
}

/** How the work of one allocation is run: in a process of its own, or inside a host. The same words for both. */
export interface Execution {
  /** Prepares and starts it, or finds it when it was started before. */
  start(context: TaskContext<unknown>): Promise<void>;
  recover(): Promise<Recovery>;
  wait(signal: AbortSignal): Promise<ExitFile>;
  stop(graceMs: number): Promise<void>;
  /** Whether it stands still now. */
  freeze(): Promise<boolean>;
  thaw(): Promise<boolean>;
  frozen(): Promise<boolean>;
  /** A word of progress came: the limit of silence counts from now. */
  touch(): Promise<void>;
  call(context: RunningContext<unknown>, call: Call): Promise<unknown>;
  measure(): Promise<ProcessFacts>;
  input(text: string): Promise<void>;
  destroy(): Promise<void>;
}

export interface ExecutionParts {
  readonly driver: Driver;
  readonly hosts: Hosts;
}

/** Processes and threads of one allocation, unless its workload says otherwise: far above any honest need. */
const MOST_PIDS = 4_096;

export function isHosted(executor: AnyExecutor): executor is HostedExecutor<unknown> {
  return 'host' in executor;
}

/**
 * Stands for a workload that this agent has no part of, though an earlier one had: what still runs of it can be ended,
 * and nothing else.
 */
export function unknownKind(kind: string): TaskExecutor<unknown> {
  const refuse = async (): Promise<never> => {
    throw new TaskFailure(agentFailure('capability', 'reject.kind_unknown', { kind }, kind));
  };
  return { parameters: z.unknown(), prepare: refuse, conclude: refuse };
}

/** A process under a runner of its own. */
export function processExecution(
  executor: TaskExecutor<unknown>,
  id: string,
  folders: AllocationFolders,
  { driver }: ExecutionParts,
): Execution {
  const handle = driver.handleOf(id, folders.root);
  return {
    async start(context) {
      const launch: Launch = await executor.prepare(context);
      const { limits, resources } = context.offer;
      await driver.start(
        {
          id,
          launch,
          workDir: folders.work,
          readOnly: [folders.inputs],
          ...(launch.stdin === undefined ? {} : { stdin: launch.stdin }),
          limits: {
            stopGraceMs: limits.stopGraceMs,
            ...(resources.memory > 0 ? { memory: resources.memory } : {}),
            cpuWeight: cpuWeight(resources.cpu, context.offer.class),
            pids: MOST_PIDS,
            ...(limits.wallMs === undefined ? {} : { wallMs: limits.wallMs }),
            ...(limits.silenceMs === undefined ? {} : { silenceMs: limits.silenceMs }),
          },
        },
        folders.root,
      );
    },
    recover: () => driver.recover(handle),
    wait: (signal) => driver.wait(handle, signal),
    stop: (graceMs) => driver.stop(handle, graceMs),
    async freeze() {
      await driver.freeze(handle);
      return true;
    },
    async thaw() {
      await driver.thaw(handle);
      return true;
    },
    frozen: async () => (await driver.stats(handle)).state === 'frozen',
    touch: () => driver.touch(handle),
    call: async (context, call) => executor.call?.(context, call),
    async measure() {
      const { usage, memory, pids = [], state } = await driver.stats(handle);
      const { wallMs, cpuMs, peakMemory } = usage;
      return { wallMs, cpuMs, memory, peakMemory, pids, frozen: state === 'frozen' };
    },
    input: (text) => driver.input(handle, text),
    destroy: () => driver.destroy(handle),
  };
}

/**
 * Shares of a busy machine in proportion to the cores that were granted; 100 is one core of batch work. Not a
 * ceiling: idle cores may be used by whoever can. What somebody watches goes before what can wait.
 */
function cpuWeight(cores: number, taskClass: TaskClass): number {
  const perCore = taskClass === 'batch' ? 100 : 1_000;
  return Math.min(10_000, Math.max(10, Math.round(cores * perCore)));
}

/** A part of a resident process that many allocations share. */
export function hostedExecution(
  executor: HostedExecutor<unknown>,
  id: string,
  folders: AllocationFolders,
  { hosts }: ExecutionParts,
): Execution {
  const handle = hosts.handleOf(id, folders.root);
  return {
    async start(context) {
      const input = await executor.prepare(context);
      // One kind of task may live in several kinds of hosts; whoever submitted it says in which.
      const kind = context.offer.host ?? executor.host;
      await hosts.start({ id, kind, input, workDir: folders.work, inputsDir: folders.inputs }, folders.root);
    },
    recover: () => hosts.recover(handle),
    wait: (signal) => hosts.wait(handle, signal),
    stop: (graceMs) => hosts.stop(handle, graceMs),
    // What shares a process can't be stopped alone; whoever wants the room back has to end it.
    freeze: async () => false,
    thaw: async () => false,
    frozen: async () => false,
    touch: async () => undefined,
    call: (_context, call) =>
      hosts.call(handle, call.method, call.payload, call.deadlineMs, call.traceparent),
    // A host is everybody's: what of it one allocation uses can't be told, and nobody may write into it.
    measure: async () => ({ wallMs: 0, pids: [], frozen: false }),
    input: () => Promise.reject(new Error('A host takes calls; nothing is written to its input.')),
    destroy: () => hosts.destroy(handle),
  };
}

const LAST_STOP_MS = 10_000;

/** Gives back what an execution holds. What runs of it is ended first: nothing may run without its folder. */
export async function giveBack(execution: Execution): Promise<void> {
  // Called off in the very moment in which it began.
  if ((await execution.recover()) === 'running') {
    await execution.stop(0);
    await execution.wait(AbortSignal.timeout(LAST_STOP_MS));
  }
  await execution.destroy();
}

/** Progress is for people, and people look a few times a second. Keeps the newest and passes it on at that pace. */
export class ProgressPace {
  readonly #everyMs: number;
  readonly #after: (ms: number, callback: () => void) => () => void;
  readonly #send: (progress: Progress) => void;
  #newest: Progress | undefined;
  #cancel: (() => void) | undefined;

  constructor(
    everyMs: number,
    after: (ms: number, callback: () => void) => () => void,
    send: (progress: Progress) => void,
  ) {
    this.#everyMs = everyMs;
    this.#after = after;
    this.#send = send;
  }

  say(progress: Progress): void {
    this.#newest = progress;
    if (this.#cancel) return;
    this.#flush();
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#newest = undefined;
  }

  #flush(): void {
    const newest = this.#newest;
    this.#newest = undefined;
    if (newest === undefined) {
      this.#cancel = undefined;
      return;
    }
    this.#send(newest);
    this.#cancel = this.#after(this.#everyMs, () => this.#flush());
  }
}
