import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import type { Readable } from 'node:stream';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { nodeErrors } from '@backlot/contract/errors/node';
import { childEnvironment } from '../drivers/environment.ts';
import { endTree } from '../processes/end-tree.ts';
import type { ProcessIdentity } from '../processes/identity.ts';
import { commandMark, commandRunMark, nodeMark } from '../processes/marks.ts';
import { identify, type ProcessTable } from '../processes/process-table.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { findExecutable } from '../sandbox/sandbox-system.ts';
import type { CommandOptions, CommandResult, RunCommand } from '../workload.ts';

/** Bytes kept of each stream unless told. */
const defaultMaxOutput = 1024 * 1024;
/** `/tmp` inside the sandbox of a command. */
const commandTmpBytes = 256 * 1024 * 1024;
/** How long a command's pipes may stay open after its end, when a process that it left behind holds them. */
const drainMs = 1_000;

export interface RunCommandParts {
  readonly table: ProcessTable;
  readonly clock: Clock;
  /** Value of the node's mark. */
  readonly owner: string;
  /** Value of the commands' mark: commands of an agent that has ended are strays. */
  readonly instance: string;
  /** Asked only when a command wants one. */
  readonly sandbox?: Sandbox;
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Makes the function that runs short commands with a time limit and keeps what they print. A command that is over its
 * time, or aborted, is ended with everything it started. It throws only when the program isn't there; that the program
 * failed is in the result.
 */
export function createRunCommand(parts: RunCommandParts): RunCommand {
  return async (argv, options) => {
    options.signal?.throwIfAborted();
    const commandRun = randomUUID();
    const inherited = parts.environment ?? process.env;
    const env = childEnvironment({
      platform: process.platform,
      inherited,
      home: options.sandbox?.workDir ?? options.cwd ?? tmpdir(),
      temporary: options.sandbox ? '/tmp' : tmpdir(),
      given: options.env ?? {},
      marks: { [nodeMark]: parts.owner, [commandMark]: parts.instance, [commandRunMark]: commandRun },
    });
    const program = findExecutable(argv[0] ?? '', env.PATH ?? '');
    if (!program)
      throw new BacklotError(nodeErrors.program_not_found, { params: { program: argv[0] ?? '' } });
    return await execute(parts, wrap(parts, [program, ...argv.slice(1)], options), env, options, commandRun);
  };
}

function wrap(
  parts: RunCommandParts,
  argv: [string, ...string[]],
  options: CommandOptions,
): [string, ...string[]] {
  const { sandbox } = options;
  if (!sandbox) return argv;
  if (!parts.sandbox) {
    throw new BacklotError(nodeErrors.sandbox_unavailable, {
      params: { reason: 'No sandbox has been opened.' },
    });
  }
  return parts.sandbox.wrap({
    argv,
    cwd: options.cwd ?? sandbox.workDir,
    writable: sandbox.workDir,
    readOnly: sandbox.readOnly ?? [],
    network: sandbox.network,
    gpu: sandbox.gpu ?? false,
    tmpBytes: commandTmpBytes,
  });
}

async function execute(
  parts: RunCommandParts,
  argv: [string, ...string[]],
  env: Record<string, string>,
  options: CommandOptions,
  commandRun: string,
): Promise<CommandResult> {
  const { table, clock } = parts;
  const child = spawn(argv[0], argv.slice(1), {
    cwd: options.sandbox ? undefined : options.cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own can be ended as a tree. On Windows it must stay in the agent's job object instead.
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  const limit = options.maxOutput ?? defaultMaxOutput;
  const stdout = keepHead(child.stdout, limit);
  const stderr = keepHead(child.stderr, limit);
  let timedOut = false;
  let ending: Promise<unknown> | undefined;

  return await new Promise<CommandResult>((resolve, reject) => {
    const root = child.pid === undefined ? Promise.resolve(undefined) : identifyLeader(table, child.pid);
    const end = () => {
      ending ??= root.then((leader) =>
        endTree(table, clock, { roots: leader ? [leader] : [], commandRun }, { graceMs: 0 }),
      );
    };
    const cancelTimer = clock.after(options.timeoutMs, () => {
      timedOut = true;
      end();
    });
    const onAbort = () => end();
    options.signal?.addEventListener('abort', onAbort, { once: true });
    const settle = () => {
      cancelTimer();
      options.signal?.removeEventListener('abort', onAbort);
    };

    child.once('error', (error) => {
      settle();
      reject(new BacklotError(nodeErrors.program_not_found, { params: { program: argv[0] }, cause: error }));
    });
    child.once('exit', (code, signal) => {
      const cancelDrain = clock.after(drainMs, () => {
        end();
        child.stdout.destroy();
        child.stderr.destroy();
      });
      child.once('close', async () => {
        cancelDrain();
        settle();
        await ending;
        if (options.signal?.aborted) reject(options.signal.reason);
        else resolve({ code, signal, stdout: stdout(), stderr: stderr(), timedOut });
      });
    });
  });
}

/**
 * The command as the leader of its group. One that was over before it could be looked at still leads what it left
 * behind: its start time is then given as none, which fits no stranger that may have its number by now.
 */
async function identifyLeader(table: ProcessTable, pid: number): Promise<ProcessIdentity> {
  return (await identify(table, pid)) ?? { pid, start: '' };
}

/** Reads a stream to its end and keeps its first bytes; gives a function that returns them. */
function keepHead(stream: Readable, limit: number): () => Buffer {
  const chunks: Buffer[] = [];
  let kept = 0;
  stream.on('data', (chunk: Buffer) => {
    const part = chunk.subarray(0, Math.max(0, limit - kept));
    if (part.length > 0) chunks.push(part);
    kept += part.length;
  });
  stream.on('error', () => {
    // Destroyed after the process has ended; what was read stays.
  });
  return () => Buffer.concat(chunks);
}
