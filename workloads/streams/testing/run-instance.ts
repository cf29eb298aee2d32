import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Call, newId, type Offer, type Progress, systemClock, TaskDraft } from '@backlot/contract';
import { processExecution } from '@backlot/node/allocations/execution';
import { runningContext } from '@backlot/node/allocations/running-context';
import type { Driver } from '@backlot/node/drivers/driver';
import { openMachine } from '@backlot/node/drivers/machine';
import { readLogTail } from '@backlot/node/logs/log-reader';
import type { Conclusion, TaskContext } from '@backlot/node/workload';
import pino from 'pino';
import {
  INSTANCE_TASK,
  type InstanceFacts,
  InstanceParameters,
  type InstanceParametersInput,
} from '../contract.ts';
import { instanceExecutor } from '../node/instance/instance-executor.ts';

/** A machine on which instances run as an agent runs them: real runners and the real executor, without a control plane. */
export interface InstanceHouse {
  /** @throws TaskFailure when it could not be started */
  start(options: StartOptions): Promise<RunningInstance>;
  close(): Promise<void>;
}
export interface StartOptions {
  readonly launch: InstanceParametersInput['launch'];
  readonly signallingBase?: string;
  readonly more?: Partial<InstanceParametersInput>;
  readonly resources?: Partial<Offer['resources']>;
}
export interface RunningInstance {
  readonly workDir: string;
  readonly instanceId: string;
  /** What was reported of it, oldest first. */
  readonly facts: readonly InstanceFacts[];
  /** What `watch` has thrown. */
  readonly refused: Promise<unknown>;
  call(method: string, payload?: unknown): Promise<unknown>;
  /** As a new agent does: the old watch ends, another one begins. */
  adopt(): void;
  stop(graceMs?: number): Promise<Conclusion>;
  /** When it ends by itself. */
  ended(): Promise<Conclusion>;
  log(): Promise<string>;
}

const silent = pino({ level: 'silent' });

export async function openInstanceHouse(): Promise<InstanceHouse> {
  const dataDir = await mkdtemp(join(tmpdir(), 'backlot-instances-'));
  const machine = await openMachine({ dataDir, clock: systemClock });
  const running = new Set<RunningInstance>();
  return {
    async start(options) {
      const instance = await startInstance(machine, dataDir, options);
      running.add(instance);
      return instance;
    },
    async close() {
      for (const instance of running) await instance.stop(0);
      await machine.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function startInstance(
  machine: { readonly driver: Driver; readonly run: TaskContext<unknown>['run'] },
  dataDir: string,
  options: StartOptions,
): Promise<RunningInstance> {
  const allocation = newId();
  const root = join(dataDir, allocation);
  const folders = { root, inputs: join(root, 'inputs'), work: join(root, 'work'), logs: join(root, 'logs') };
  await mkdir(folders.work, { recursive: true });
  await mkdir(folders.inputs);
  const input: InstanceParametersInput = {
    instanceId: newId(),
    app: 'demo',
    appId: newId(),
    version: 1,
    launch: options.launch,
    platforms: {},
    picture: { width: 320, height: 180, fps: 20 },
    signallingBase: options.signallingBase ?? 'ws://127.0.0.1:9/signal/streamer',
    reset: { kind: 'none' },
    watch: { everyMs: 200 },
    secrets: { ticket: 'a-ticket' },
    ...options.more,
  };
  const parameters = InstanceParameters.parse(input);
  const offer = offerOf(allocation, parameters, options.resources);
  const context = (signal: AbortSignal): TaskContext<InstanceParameters> => ({
    offer,
    parameters,
    inputsDir: folders.inputs,
    workDir: folders.work,
    keepDir: join(root, 'keep'),
    capabilities: [],
    run: machine.run,
    disk: () => 'ok',
    clock: systemClock,
    log: silent,
    signal,
  });
  // biome-ignore lint/suspicious/noExplicitAny: the kernel holds executors of all kinds in one type.
  const executor = instanceExecutor as any;
  const execution = processExecution(executor, allocation, folders, { driver: machine.driver } as never);
  const never = new AbortController();
  await execution.start(context(never.signal));
  const whileRunning = (signal: AbortSignal) => ({
    ...context(signal),
    ...onlyRunning(runningContext(context(signal), execution, folders.logs)),
  });

  const facts: InstanceFacts[] = [];
  const { promise: refused, resolve: refuse } = Promise.withResolvers<unknown>();
  let watching = new AbortController();
  let watch: Promise<unknown> = Promise.resolve();
  const follow = () => {
    watching = new AbortController();
    watch = Promise.resolve(
      instanceExecutor.watch?.({
        ...whileRunning(watching.signal),
        progress: ({ detail }: Progress) => void facts.push(detail as unknown as InstanceFacts),
        commit: async () => undefined,
        report: async () => undefined,
        committed: new Set<string>(),
      }),
    ).catch(refuse);
  };
  follow();

  const ended = async (): Promise<Conclusion> => {
    const exit = await execution.wait(never.signal);
    watching.abort();
    await watch;
    await execution.destroy();
    return instanceExecutor.conclude({
      ...context(never.signal),
      exit,
      committed: new Set<string>(),
      logTail: async (stream, bytes = 4_096) =>
        (await readLogTail(folders.logs, stream, bytes)).bytes.toString('utf8'),
    });
  };
  return {
    workDir: folders.work,
    instanceId: parameters.instanceId,
    facts,
    refused,
    async call(method, payload = {}) {
      const call: Call = { allocation, method, payload, deadlineMs: 60_000, traceparent: undefined };
      return await instanceExecutor.call?.(whileRunning(never.signal), call);
    },
    adopt() {
      watching.abort();
      follow();
    },
    async stop(graceMs = 2_000) {
      await execution.stop(graceMs);
      return await ended();
    },
    ended,
    log: async () => (await readLogTail(folders.logs, 'stdout', 65_536)).bytes.toString('utf8'),
  };
}

/** Only what the running context adds; its parameters are of no known type. */
function onlyRunning({ measure, input, logEnd, readLog }: ReturnType<typeof runningContext>) {
  return { measure, input, logEnd, readLog };
}

function offerOf(
  allocation: string,
  parameters: InstanceParameters,
  resources: Partial<Offer['resources']> = {},
): Offer {
  const { limits } = TaskDraft.parse({ key: 'instance', kind: INSTANCE_TASK });
  return {
    allocation,
    fence: 1,
    task: newId(),
    job: null,
    project: newId(),
    kind: INSTANCE_TASK,
    class: 'interactive',
    parameters,
    resources: { cpu: 1, memory: 0, disk: 0, packets: 0, gpus: [], ...resources },
    inputs: [],
    limits,
    host: null,
    attempt: 1,
    committed: [],
    token: 'test',
    deadlineMs: 5_000,
  };
}
