import { z } from 'zod';
import { Usage } from '../output.ts';

/**
 * The files through which an agent and the runner of an allocation know of each other. They outlive both.
 *
 * launch.json  agent -> runner   what to run; written before the runner starts
 * runner.json  runner -> agent   who runs it; written at once, and again when the child is there
 * exit.json    runner -> agent   how it ended; appears whole or not at all, and never changes
 */

/** A process and the moment it started, in the words of its platform. */
export const ProcessRef = z.object({ pid: z.number().int().positive(), start: z.string() });
export type ProcessRef = z.infer<typeof ProcessRef>;

const GroupPlace = z.object({ version: z.union([z.literal(1), z.literal(2)]), path: z.string() });

/** The control group of an allocation; without any place on machines that have none. */
export const ControlGroupRef = z.object({
  name: z.string(),
  memory: GroupPlace.optional(),
  cpu: GroupPlace.optional(),
  cpuTime: GroupPlace.optional(),
  pids: GroupPlace.optional(),
  freezer: GroupPlace.optional(),
});
export type ControlGroupRef = z.infer<typeof ControlGroupRef>;

/** How the process is asked to end. On Windows only `input` is heard; without it the process is ended at once. */
export const StopRequest = z.object({
  signal: z.enum(['SIGTERM', 'SIGINT']).default('SIGTERM'),
  /** Written to its standard input first: `q` to ffmpeg. Needs `stdin: pipe`. */
  input: z.string().max(1000).optional(),
});
export type StopRequest = z.infer<typeof StopRequest>;

export const LaunchFile = z.object({
  v: z.literal(1),
  /** Id of the allocation, or of the host. */
  allocation: z.string().min(1).max(100),
  argv: z.array(z.string()).min(1),
  /** The whole environment of the child. */
  env: z.record(z.string(), z.string()),
  /** Where the child starts. */
  cwd: z.string(),
  /** `pipe` stays open until the runner ends, so that a child can notice that. */
  stdin: z.enum(['none', 'pipe']).default('none'),
  stop: StopRequest.prefault({}),
  /** Between asking the child to end and killing its tree, when nobody says otherwise. Milliseconds. */
  stopGraceMs: z.number().int().nonnegative().default(5_000),
  /** Milliseconds of running; time spent frozen does not count. */
  wallMs: z.number().int().positive().optional(),
  /** Milliseconds without a byte of output or a word of progress; time spent frozen does not count. */
  silenceMs: z.number().int().positive().optional(),
  /** Size of a log file and of all files of one stream, in bytes. */
  logs: z.object({ segmentBytes: z.number().int().positive(), totalBytes: z.number().int().positive() }),
  group: ControlGroupRef,
  /** Runs in a sandbox, whose own process must not be asked to end: it would not pass that on. */
  sandboxed: z.boolean().default(false),
  /** Path of the socket (or name of the pipe) on which the runner listens. */
  control: z.string(),
  /** Put before the launcher: a program that has the kernel end the child with the runner. */
  guard: z.array(z.string()).default([]),
});
export type LaunchFile = z.infer<typeof LaunchFile>;

export const RunnerFile = z.object({
  v: z.literal(1),
  allocation: z.string(),
  runner: ProcessRef,
  /** Nothing until the child has started. */
  child: ProcessRef.nullable(),
  control: z.string(),
  startedAt: z.iso.datetime(),
});
export type RunnerFile = z.infer<typeof RunnerFile>;

/**
 * exited        by itself, whatever its code
 * timeout       over its wall-clock limit
 * silence       printed nothing for too long
 * stopped       as it was told
 * oom           the kernel ended it because it was out of the memory that it may use
 * spawn-failed  never started
 * runner-lost   the runner died first; nobody saw how the child ended, and its tree was killed
 */
export const exitCauses = [
  'exited',
  'timeout',
  'silence',
  'stopped',
  'oom',
  'spawn-failed',
  'runner-lost',
] as const;
export const ExitCause = z.enum(exitCauses);
export type ExitCause = z.infer<typeof ExitCause>;

export const ExitFile = z.object({
  v: z.literal(1),
  allocation: z.string(),
  cause: ExitCause,
  code: z.number().int().nullable(),
  signal: z.string().nullable(),
  /** For `spawn-failed` and `runner-lost`: what happened, in English. */
  message: z.string().max(2_000).optional(),
  usage: Usage,
  frozenMs: z.number().nonnegative(),
  oomKills: z.number().int().nonnegative(),
  /** Bytes that the process wrote, and how many of them the disk did not take. */
  output: z.object({
    stdout: z.number().int().nonnegative(),
    stderr: z.number().int().nonnegative(),
    dropped: z.number().int().nonnegative(),
  }),
  /** Processes that outlived the child and had to be ended. */
  leftBehind: z.number().int().nonnegative(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  /** For an allocation in a host: what the host said at its end. */
  result: z.record(z.string(), z.unknown()).nullable().optional(),
});
export type ExitFile = z.infer<typeof ExitFile>;
