import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { nodeErrors } from '@backlot/contract/errors/node';
import { RunnerMessage, type RunnerRequest, type RunnerStatus } from '@backlot/contract/runner/control';
import type { ExitFile } from '@backlot/contract/runner/files';

/** A request without its number. */
export type RunnerOrder = RunnerRequest extends infer R
  ? R extends { id: number }
    ? Omit<R, 'id'>
    : never
  : never;

export interface RunnerClientOptions {
  readonly allocation: string;
  /** The runner's socket. */
  readonly path: string;
  readonly clock: Clock;
}

/** How long a runner may take to answer, in milliseconds. Freezing takes the longest. */
const answerMs = 5_000;

/**
 * Gives one order to a runner and returns how things stand after it. Throws `runner_unreachable` when no runner
 * answers, and `freeze_failed` when the processes could not be stopped or continued.
 */
export async function order(options: RunnerClientOptions, request: RunnerOrder): Promise<RunnerStatus> {
  const socket = connect(options.path);
  const unreachable = (reason: string, cause?: unknown) =>
    new BacklotError(nodeErrors.runner_unreachable, {
      params: { allocation: options.allocation, reason },
      cause,
    });
  try {
    return await new Promise<RunnerStatus>((resolve, reject) => {
      const cancel = options.clock.after(answerMs, () =>
        reject(unreachable(`no answer within ${answerMs / 1000} s`)),
      );
      socket.on('error', (error) => reject(unreachable(error.message, error)));
      socket.on('close', () => {
        cancel();
        reject(unreachable('it closed the connection'));
      });
      readMessages(socket, (message) => {
        if ('event' in message) return;
        if (message.ok) resolve(message.status);
        else reject(refusal(options.allocation, request.op, message.error));
      });
      socket.write(`${JSON.stringify({ id: 1, ...request })}\n`);
    });
  } finally {
    socket.destroy();
  }
}

/**
 * Listens to a runner until it says how the work ended. Gives nothing when the connection is lost before: the runner
 * may have died, or ended without us; its files tell.
 */
export function awaitEnd(options: RunnerClientOptions, signal: AbortSignal): Promise<ExitFile | undefined> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const socket = connect(options.path);
    const onAbort = () => {
      socket.destroy();
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      signal.removeEventListener('abort', onAbort);
      resolve(undefined);
    });
    readMessages(socket, (message) => {
      if (!('event' in message)) return;
      resolve(message.exit);
      socket.destroy();
    });
  });
}

function readMessages(socket: Socket, take: (message: RunnerMessage) => void): void {
  const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on('error', () => {});
  lines.on('line', (line) => {
    const message = parse(line);
    if (message) take(message);
    else socket.destroy();
  });
}

function parse(line: string): RunnerMessage | undefined {
  try {
    return RunnerMessage.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function refusal(allocation: string, op: string, error: { code: string; message: string }): BacklotError {
  if (error.code === 'freeze_failed' || error.code === 'thaw_failed') {
    return new BacklotError(nodeErrors.freeze_failed, { params: { allocation, action: op, ms: 1_000 } });
  }
  return new BacklotError(nodeErrors.runner_unreachable, { params: { allocation, reason: error.message } });
}
