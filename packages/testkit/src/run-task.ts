import { copyFile, link, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type Capability,
  newId,
  type Offer,
  systemClock,
  TaskDraft,
  type TaskDraftInput,
} from '@backlot/contract';
import { createRunCommand } from '@backlot/node/probes/run-command';
import { systemProcessTable } from '@backlot/node/processes/system-process-table';
import { openSandbox, type Sandbox } from '@backlot/node/sandbox/sandbox';
import {
  type CapabilityProbe,
  type CommandResult,
  type Conclusion,
  type ExitFacts,
  type OutputFile,
  type RunCommand,
  type TaskContext,
  type TaskExecutor,
  TaskFailure,
} from '@backlot/node/workload';
import pino from 'pino';

/**
 * Runs one task the way an agent does (prepare, start in the sandbox, watch, conclude), without the kernel: the
 * executors are tested with the real programs, and a failure points at the workload.
 */
export interface TestNode {
  readonly run: RunCommand;
  readonly sandbox: Sandbox;
  readonly capabilities: readonly Capability[];
  readonly scratch: string;
  close(): Promise<void>;
}

const silent = pino({ level: 'silent' });

/** A machine as the agent sees it: its sandbox tried, what the workload probes probed, its ffmpeg taken for granted. */
export async function openTestNode(probes: readonly CapabilityProbe[] = []): Promise<TestNode> {
  const scratch = await mkdtemp(join(tmpdir(), 'backlot-task-'));
  const parts = { table: systemProcessTable(), clock: systemClock, owner: newId(), instance: newId() };
  const sandbox = await openSandbox({ run: createRunCommand(parts), clock: systemClock, scratch });
  const run = createRunCommand({ ...parts, sandbox });
  const probeFolder = join(scratch, 'probe');
  await mkdir(probeFolder);
  const context = {
    run,
    log: silent,
    signal: new AbortController().signal,
    scratch: probeFolder,
    env: process.env,
  };
  const capabilities: Capability[] = [ffmpegCapability];
  for (const probe of probes) capabilities.push(...(await probe.probe(context)));
  return {
    run,
    sandbox,
    capabilities,
    scratch,
    close: () => rm(scratch, { recursive: true, force: true }),
  };
}

const ffmpegCapability: Capability = {
  name: 'ffmpeg',
  features: ['aac', 'ffprobe', 'libopus', 'libsvtav1', 'libx264', 'libx265', 'x264', 'x265'],
  details: { path: 'ffmpeg', ffprobe: 'ffprobe' },
  proof: 'taken for granted by a test',
  provedAt: '2026-11-21T00:00:00.000Z',
};

export interface RunOptions {
  /** Input name -> a file of this machine. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly committed?: readonly string[];
  readonly wallMs?: number;
  readonly draft?: Partial<TaskDraftInput>;
  /** Which attempt it is; 1 unless told. */
  readonly attempt?: number;
  /** What the machine can do, when a test wants another one. */
  readonly capabilities?: readonly Capability[];
  /** Called with the work folder and a function that kills the process, once it runs. */
  readonly meanwhile?: (workDir: string, kill: () => void) => Promise<void>;
  /** Keeps the folder of this run, for what follows in the same test. */
  readonly dir?: string;
}
export interface TaskRun {
  readonly conclusion: Conclusion;
  readonly exit: ExitFacts;
  readonly workDir: string;
  /** Committed by `watch` while it ran, in order. */
  readonly committedEarly: readonly OutputFile[];
  /** All outputs, by name, as absolute paths. */
  readonly files: Readonly<Record<string, string>>;
  readonly log: string;
}

export async function runTask<P>(
  node: TestNode,
  executor: TaskExecutor<P>,
  kind: string,
  parameters: unknown,
  options: RunOptions,
): Promise<TaskRun> {
  const dir = options.dir ?? (await mkdtemp(join(node.scratch, 'task-')));
  const inputsDir = join(dir, 'inputs');
  const workDir = join(dir, 'work');
  await mkdir(workDir, { recursive: true });
  for (const [name, source] of Object.entries(options.inputs)) {
    const target = join(inputsDir, name);
    await mkdir(dirname(target), { recursive: true });
    // A hard link, as the node's cache of inputs gives it: a name in `inputs/` never leads anywhere else.
    await link(source, target).catch((error: NodeJS.ErrnoException) =>
      error.code === 'EEXIST' ? undefined : copyFile(source, target),
    );
  }
  const offer = offerOf(kind, parameters, options);
  const early: OutputFile[] = [];
  const committed = new Set(options.committed ?? []);
  const base: TaskContext<P> = {
    offer,
    parameters: executor.parameters.parse(parameters),
    inputsDir,
    workDir,
    keepDir: join(node.scratch, 'keep'),
    capabilities: options.capabilities ?? node.capabilities,
    run: node.run,
    disk: () => 'ok',
    clock: systemClock,
    log: silent,
    signal: new AbortController().signal,
  };
  let result: CommandResult | undefined;
  try {
    const launch = await executor.prepare(base);
    const ended = new AbortController();
    const killed = new AbortController();
    const running = node
      .run(launch.argv, {
        timeoutMs: options.wallMs ?? 120_000,
        cwd: workDir,
        env: launch.env ?? {},
        signal: killed.signal,
        // As the driver does it: what asks for no sandbox has none.
        ...(launch.sandbox
          ? {
              sandbox: {
                network: launch.sandbox.network,
                readOnly: [...(launch.sandbox.readOnly ?? []), inputsDir],
                workDir,
              },
            }
          : {}),
      })
      .catch((error: unknown): CommandResult => {
        if (!killed.signal.aborted) throw error;
        return { ...nothing, signal: 'SIGKILL' };
      })
      .finally(() => ended.abort());
    const watching = executor.watch?.({
      ...base,
      measure: async () => ({ wallMs: 0, pids: [], frozen: false }),
      input: async () => undefined,
      logEnd: async () => 0,
      readLog: async (_stream, from) => ({ text: '', next: from }),
      signal: ended.signal,
      committed,
      progress: () => undefined,
      commit: async (outputs) => {
        for (const output of outputs) {
          early.push(output);
          committed.add(output.name);
        }
      },
      report: async ({ outputs = [] }) => {
        for (const output of outputs) {
          early.push(output);
          committed.add(output.name);
        }
      },
    });
    await options.meanwhile?.(workDir, () => killed.abort());
    [result] = await Promise.all([running, watching]);
  } catch (error) {
    if (!(error instanceof TaskFailure)) throw error;
    const conclusion: Conclusion = { outcome: 'failed', failure: error.failure };
    const exit: ExitFacts = { code: null, signal: null, cause: 'spawn-failed', usage: { wallMs: 0 } };
    return { conclusion, exit, workDir, committedEarly: [], files: {}, log: '' };
  }
  const ended = result;
  const exit: ExitFacts = {
    code: ended.code,
    signal: ended.signal,
    cause: ended.timedOut ? 'timeout' : 'exited',
    usage: { wallMs: 0 },
  };
  const conclusion = await executor.conclude({
    ...base,
    exit,
    committed,
    logTail: async (stream, bytes = 4_096) => ended[stream].subarray(-bytes).toString('latin1'),
  });
  const all = [...early, ...(conclusion.outputs ?? [])];
  return {
    conclusion,
    exit,
    workDir,
    committedEarly: early,
    files: Object.fromEntries(all.map((output) => [output.name, join(workDir, output.path)])),
    log: `${ended.stdout.toString('latin1')}\n${ended.stderr.toString('latin1')}`,
  };
}

const nothing: CommandResult = {
  code: null,
  signal: null,
  stdout: Buffer.alloc(0),
  stderr: Buffer.alloc(0),
  timedOut: false,
};

function offerOf(kind: string, parameters: unknown, options: RunOptions): Offer {
  const draft = TaskDraft.parse({ key: 'test', kind, parameters, ...options.draft });
  return {
    allocation: newId(),
    fence: 1,
    task: newId(),
    job: null,
    project: newId(),
    kind,
    class: 'batch',
    parameters: draft.parameters,
    resources: { cpu: 2, memory: 4 * 1024 ** 3, disk: 0, packets: 0, gpus: [] },
    inputs: [],
    limits: draft.limits,
    host: null,
    attempt: options.attempt ?? 1,
    committed: [...(options.committed ?? [])],
    token: 'test',
    deadlineMs: 5_000,
  };
}
