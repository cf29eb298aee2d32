import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { nodeErrors } from '@backlot/contract/errors/node';
import { LaunchFile } from '@backlot/contract/runner/files';
import type { Limits } from '../limits/limits.ts';
import { allocationMark, nodeMark } from '../processes/marks.ts';
import { inFolder } from '../runner/files.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { findExecutable } from '../sandbox/sandbox-system.ts';
import type { StartSpec } from './driver.ts';
import { childEnvironment } from './environment.ts';

/** What of a machine a launch is put together with. */
export interface LaunchParts {
  readonly limits: Limits;
  readonly sandbox: Sandbox;
  /** Put before the launcher of what runs without a sandbox; see `findGuard`. */
  readonly guard: readonly string[];
  /** Value of the node's mark. */
  readonly owner: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Kept of each stream, unless a task says otherwise. */
const defaultLogs = { segmentBytes: 4 * 1024 * 1024, totalBytes: 64 * 1024 * 1024 };
/** `/tmp` and `/dev/shm` in the sandbox are at most this large; they count as memory of the task. */
const sandboxTmpBytes = 4 * 1024 * 1024 * 1024;
/** A Unix socket's path has at most 107 bytes on Linux and 103 on macOS. */
const maxSocketPath = 100;

/**
 * Puts together what a runner is to do, and makes the control group that it will use. Throws `program_not_found` or
 * `sandbox_unavailable` when this machine can't run it; nothing is left behind then.
 */
export function composeLaunch(parts: LaunchParts, spec: StartSpec, folder: string): LaunchFile {
  const { launch } = spec;
  const temporary = inFolder(folder, 'tmp');
  mkdirSync(temporary, { recursive: true });
  const cwd = resolve(spec.workDir, launch.cwd ?? '.');
  const env = childEnvironment({
    platform: process.platform,
    inherited: parts.environment,
    home: spec.workDir,
    temporary: launch.sandbox ? '/tmp' : temporary,
    given: launch.env ?? {},
    marks: { [nodeMark]: parts.owner, [allocationMark]: spec.id },
  });
  const program = findExecutable(launch.argv[0], env.PATH ?? '');
  if (!program) throw new BacklotError(nodeErrors.program_not_found, { params: { program: launch.argv[0] } });
  const argv = wrapped(parts.sandbox, spec, [program, ...launch.argv.slice(1)], cwd);

  const wallMs = launch.limits?.wallMs ?? spec.limits.wallMs;
  const silenceMs = launch.limits?.silenceMs ?? spec.limits.silenceMs;
  const pids = launch.limits?.pids ?? spec.limits.pids;
  return LaunchFile.parse({
    v: 1,
    allocation: spec.id,
    argv,
    env,
    // The sandbox goes to its folder by itself, when that is there.
    cwd: launch.sandbox ? spec.workDir : cwd,
    stdin: spec.stdin ?? 'none',
    ...(spec.stop === undefined ? {} : { stop: spec.stop }),
    stopGraceMs: spec.limits.stopGraceMs,
    ...(wallMs === undefined ? {} : { wallMs }),
    ...(silenceMs === undefined ? {} : { silenceMs }),
    logs: spec.logs ?? defaultLogs,
    group: parts.limits.create(spec.id, { ...spec.limits, ...(pids === undefined ? {} : { pids }) }),
    sandboxed: launch.sandbox !== undefined,
    control: controlPath(folder),
    guard: launch.sandbox ? [] : parts.guard,
  });
}

function wrapped(
  sandbox: Sandbox,
  spec: StartSpec,
  argv: [string, ...string[]],
  cwd: string,
): [string, ...string[]] {
  const wanted = spec.launch.sandbox;
  if (!wanted) return argv;
  return sandbox.wrap({
    argv,
    cwd,
    writable: spec.workDir,
    readOnly: [...spec.readOnly, ...(wanted.readOnly ?? [])],
    network: wanted.network,
    gpu: wanted.gpu ?? false,
    tmpBytes: sandboxTmpBytes,
  });
}

/** Where the runner of a folder listens: in the folder, or, when its path is too long, in the place for short ones. */
export function controlPath(folder: string, platform: NodeJS.Platform = process.platform): string {
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 24);
  if (platform === 'win32') return `\\\\.\\pipe\\backlot-${name}`;
  const inside = join(folder, 'control.sock');
  return Buffer.byteLength(inside) <= maxSocketPath ? inside : join(tmpdir(), `backlot-${name}.sock`);
}
