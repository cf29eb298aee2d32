import { fileURLToPath } from 'node:url';
import type {
  Call,
  Capability,
  Clock,
  DiskState,
  FactDraft,
  Failure,
  Offer,
  PhraseTable,
  Progress,
  StepKind,
  Usage,
} from '@backlot/contract';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { LocalTrigger } from './deputy/local-trigger.ts';

/**
 * The only door between the kernel's running half and a workload. A workload says how to prove what a machine can
 * do, how to start a task, how to watch it, and how to judge what came out; the agent does everything else: fetch,
 * sandbox, supervise, freeze, stop, adopt after a restart, upload, report.
 *
 * Folder of an allocation:  inputs/  read-only, by the names in the task
 *                           work/    the only place the process may write
 *                           logs/    stdout and stderr, byte for byte
 */

/** A short command with its output kept; for probes and for checking results. */
export interface CommandResult {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly timedOut: boolean;
}
export interface CommandOptions {
  readonly timeoutMs: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Bytes kept of each stream; 1 MiB unless told. */
  readonly maxOutput?: number;
  /** Run inside the sandbox, as a task would. */
  readonly sandbox?: SandboxSpec & { readonly workDir: string };
}
export type RunCommand = (argv: readonly string[], options: CommandOptions) => Promise<CommandResult>;

export interface ProbeContext {
  readonly run: RunCommand;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** An empty folder of the probe's own, removed afterwards. */
  readonly scratch: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}
export interface CapabilityProbe {
  readonly name: string;
  /** Files that decide the result: it is kept until one of them changes (path, size, mtime). */
  fingerprint(context: ProbeContext): Promise<readonly string[]>;
  /** What was proved, by doing it. Nothing when it is not there. */
  probe(context: ProbeContext): Promise<readonly Capability[]>;
}

/** What a sandboxed process sees beside the read-only system, `inputs/` (read-only) and `work/` (writable). */
export interface SandboxSpec {
  /** More paths of the machine, read-only. */
  readonly readOnly?: readonly string[];
  readonly network: 'none' | 'host';
  /** GPU device nodes are visible. */
  readonly gpu?: boolean;
}

/** How to start the process of an allocation. Never a shell. */
export interface Launch {
  readonly argv: readonly [string, ...string[]];
  /** The whole environment; nothing is inherited but PATH, HOME (the work folder), LANG and TMPDIR. */
  readonly env?: Readonly<Record<string, string>>;
  /** Runs in `work/` unless told; a path relative to it. */
  readonly cwd?: string;
  /** Left out: runs with the agent's own rights. */
  readonly sandbox?: SandboxSpec;
  readonly limits?: { readonly wallMs?: number; readonly silenceMs?: number; readonly pids?: number };
  /** `pipe` lets `input` write to the process, and closes when its runner ends. `none` unless told. */
  readonly stdin?: 'none' | 'pipe';
}

export interface TaskContext<P> {
  readonly offer: Offer;
  readonly parameters: P;
  /** Absolute paths; the same ones inside the sandbox. */
  readonly inputsDir: string;
  readonly workDir: string;
  /**
   * A folder of the workload's own on this node, which outlives attempts: how far an upload has come, for the attempt
   * after a crash. The workload makes it when it needs it, and clears it up; losing it must cost only time.
   */
  readonly keepDir: string;
  readonly capabilities: readonly Capability[];
  readonly run: RunCommand;
  /** How full this node's disk is, now. */
  disk(): DiskState;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** A file in the work folder that is finished, checked, and may be uploaded and committed. */
export interface OutputFile {
  readonly name: string;
  readonly kind: string;
  /** Relative to the work folder. It must not change any more. */
  readonly path: string;
  readonly mediaType: string;
  readonly meta?: Record<string, unknown>;
  /**
   * The bytes stay on this node: the file is moved to what the node holds, its artifact knows where that is. Whatever is
   * given to `report` stays, with or without this.
   */
  readonly hold?: true;
  /**
   * SHA-256 of the file, 64 hexadecimal digits, from whoever hashed it while writing; then it isn't read again. Believed
   * of our own host programs only, never of a process that runs other people's content.
   */
  readonly digest?: string;
}

/** Finished files and facts, to be told to the control plane together, in order, exactly once. */
export interface Report {
  /** They stay on this node, see `OutputFile.hold`. Their names are unique within the task. */
  readonly outputs?: readonly OutputFile[];
  /** Each becomes one event; `key` is unique within the allocation. */
  readonly events?: readonly FactDraft[];
}

/** The tree of an allocation's processes, as it is now. */
export interface ProcessFacts {
  /** Bytes in use by all of them; missing where nothing on this machine measures it, and in the first moment. */
  readonly memory?: number | undefined;
  readonly peakMemory?: number | undefined;
  readonly cpuMs?: number | undefined;
  /** Milliseconds of running; time spent frozen is not counted. */
  readonly wallMs: number;
  /** The launched process first. At most 256. */
  readonly pids: readonly number[];
  readonly frozen: boolean;
}

/** A part of a log of a running process. */
export interface LogPart {
  /** Decoded lossily. */
  readonly text: string;
  /** Where to go on reading: bytes from the beginning of the stream. */
  readonly next: number;
}

/** What can be done with a process that runs. */
export interface RunningContext<P> extends TaskContext<P> {
  /** @throws runner_unreachable when it has ended, or its runner does not answer */
  measure(): Promise<ProcessFacts>;
  /** Writes to its standard input. @throws runner_unreachable also when it was not started with `stdin: pipe` */
  input(text: string): Promise<void>;
  /** Where its output ends now: what is read from there on was printed later. */
  logEnd(stream: 'stdout' | 'stderr'): Promise<number>;
  /** What it has printed from a position on, at most 64 kB at once. */
  readLog(stream: 'stdout' | 'stderr', from: number): Promise<LogPart>;
}

export interface WatchContext<P> extends RunningContext<P> {
  /** For people; at most a few times a second reach anyone. */
  progress(progress: Progress): void;
  /** Uploads and commits a finished output while the task goes on; resolves when it is in the journal. */
  commit(outputs: readonly OutputFile[]): Promise<void>;
  /**
   * Tells finished files, which stay on this node, and facts; resolves when they are in the journal, also while the
   * control plane is away. Repeating it is harmless. @throws what is wrong with a file; then nothing of it was told
   */
  report(report: Report): Promise<void>;
  /** Names that are committed already, by this attempt or an earlier one. */
  readonly committed: ReadonlySet<string>;
}

/** What the runner saw of the process's end. */
export interface ExitFacts {
  readonly code: number | null;
  readonly signal: string | null;
  readonly cause: 'exited' | 'timeout' | 'silence' | 'stopped' | 'oom' | 'spawn-failed' | 'runner-lost';
  readonly usage: Usage;
}
export interface ConcludeContext<P> extends TaskContext<P> {
  readonly exit: ExitFacts;
  readonly committed: ReadonlySet<string>;
  /** The last bytes of a log, lossily decoded. */
  logTail(stream: 'stdout' | 'stderr', bytes?: number): Promise<string>;
}
/** `ok` only after every output was opened and checked: an exit code proves nothing. */
export type Conclusion =
  | {
      readonly outcome: 'ok';
      readonly outputs: readonly OutputFile[];
      readonly result: Record<string, unknown>;
    }
  | {
      readonly outcome: 'failed';
      readonly failure: Failure;
      readonly outputs?: readonly OutputFile[];
      readonly result?: Record<string, unknown>;
    };

/** Runs tasks of one kind, each in a process of its own. */
export interface TaskExecutor<P = unknown> {
  readonly parameters: z.ZodType<P>;
  /** Writes what the process needs into `work/`. A thrown `TaskFailure` ends the attempt with that failure. */
  prepare(context: TaskContext<P>): Promise<Launch>;
  /** Follows the running process until aborted. Called again after an agent's restart: must cope with both. */
  watch?(context: WatchContext<P>): Promise<void>;
  /** Judges what came out. Runs again when the agent dies in the middle: must be repeatable. */
  conclude(context: ConcludeContext<P>): Promise<Conclusion>;
  /**
   * How long that may take, for work whose files are read whole and may be a day of film; an hour where it is left out.
   * Milliseconds.
   */
  readonly concludeLimitMs?: number;
  /** A request from the control plane to the running allocation. */
  call?(context: RunningContext<P>, call: Call): Promise<unknown>;
  /**
   * Takes back what the process has begun elsewhere (an upload that nobody wants any more), after it was canceled and has
   * ended. Not called for attempts that are repeated. It has half a minute; its failure is only logged.
   */
  withdraw?(context: TaskContext<P>): Promise<void>;
}

/** Runs tasks of one kind inside a resident host. */
export interface HostedExecutor<P = unknown> {
  readonly parameters: z.ZodType<P>;
  /** Kind of the host, where the task itself names none. */
  readonly host: string;
  /** What the host is told; JSON. */
  prepare(context: TaskContext<P>): Promise<Record<string, unknown>>;
  conclude(
    context: ConcludeContext<P> & { readonly hostResult: Record<string, unknown> | null },
  ): Promise<Conclusion>;
}

/** A resident process in which many allocations run. It serves the protocol of `host-process.ts` on a socket. */
export interface HostDefinition {
  readonly kind: string;
  launch(context: {
    readonly dir: string;
    readonly socket: string;
    readonly capabilities: readonly Capability[];
  }): Promise<Launch>;
  /** When any is reached the host takes nothing new, ends when it is empty, and is started anew when needed. */
  readonly recycle?: {
    readonly maxAllocations?: number;
    readonly maxAgeMs?: number;
    readonly maxMemory?: number;
  };
  /** Ends after this long without an allocation; 0 keeps it. Milliseconds. */
  readonly idleMs: number;
  /** Allocations at the same time. */
  readonly capacity: number;
  /** Killed, with what runs in it, when it has not answered for so long. Left out: its silence is no fault. Milliseconds. */
  readonly hungMs?: number;
  /**
   * When it dies, it is started anew at once with all that was in it, in the same work folders, under the same fences,
   * without asking the control plane: `start` must cope with a work folder in which something is. One that dies five
   * times in a minute is given up, with its allocations.
   */
  readonly revive?: true;
}

/** All that a workload brings to a node. */
export interface NodeWorkload {
  readonly name: string;
  readonly probes?: readonly CapabilityProbe[];
  readonly phrases?: PhraseTable;
  // biome-ignore lint/suspicious/noExplicitAny: executors differ in their parameters; each checks its own by its schema.
  readonly executors: Readonly<Record<string, TaskExecutor<any> | HostedExecutor<any>>>;
  readonly hosts?: Readonly<Record<string, HostDefinition>>;
  /** Kinds of step that it brings to flows; the same objects as on the control plane's half. */
  readonly steps?: readonly StepKind[];
  /** Facts of its tasks that begin flows, for a node that is cut off. */
  readonly triggers?: readonly LocalTrigger[];
}

/**
 * The path of a program of the workload's own (a host, a helper process): `programFile(import.meta.url, './host-main')`.
 * Its name ends in `-main`, so that a release finds it and bundles it; from source Node runs the TypeScript as it is.
 */
export function programFile(moduleUrl: string, name: `${string}-main`): string {
  return fileURLToPath(new URL(`${name}${moduleUrl.endsWith('.ts') ? '.ts' : '.js'}`, moduleUrl));
}

// What executors of every workload need to judge what a process has left in its folder.
export { NotAPlainFile, plainFile } from './allocations/plain-file.ts';
export { readingLimitMs } from './allocations/reading-limit.ts';
export type { LocalOccasion, LocalTrigger } from './deputy/local-trigger.ts';
/** Sends bytes to whoever has opened a pipe on the control plane: a preview, a part of a file. */
export { sendToPipe } from './holdings/send-to-pipe.ts';
export { ffmpegTool } from './probes/ffmpeg-tool.ts';
export { programCode } from './program-code.ts';
export { findExecutable } from './sandbox/sandbox-system.ts';

/** Thrown by an executor to end an attempt with a typed failure. */
export class TaskFailure extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.reason.message);
    this.name = 'TaskFailure';
    this.failure = failure;
  }
}
