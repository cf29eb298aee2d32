import type { Failure } from '@backlot/contract';
import type { ExitFile } from '@backlot/contract/runner/files';
import type { Logger } from 'pino';
import { readLogTail } from '../logs/log-reader.ts';
import { type ConcludeContext, type Conclusion, type TaskContext, TaskFailure } from '../workload.ts';
import { type AnyExecutor, isHosted } from './execution.ts';
import { type AllocationFacts, outcomeOfStop, plainOutput } from './facts.ts';
import { agentFailure, causeOf, wordsOf } from './failures.ts';
import type { JournalRecord } from './records.ts';

type Concluded = Omit<Extract<JournalRecord, { r: 'concluded' }>, 'r'>;

/** Judging may take its time (a film is opened frame by frame), but not for ever; a workload may set another limit. */
const USUAL_LIMIT_MS = 3_600_000;
/** JSON of a result; more belongs into an output. */
const RESULT_BYTES = 64 * 1024;
const TAIL_BYTES = 4_096;
/** A canceled attempt must not hold up its place for long. */
const WITHDRAW_MS = 30_000;

export interface ConcludeParts {
  readonly executor: AnyExecutor;
  readonly context: (signal: AbortSignal) => TaskContext<unknown>;
  readonly logs: string;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/**
 * How an attempt ends. What the agent knows by itself comes first; otherwise the workload opens and judges what came
 * out. Can be repeated: nothing it does is seen outside before its answer is written down.
 *
 * @returns nothing when it was called off meanwhile
 */
export async function conclude(facts: AllocationFacts, parts: ConcludeParts): Promise<Concluded | undefined> {
  const known = knownEnding(facts);
  if (known) {
    if (facts.stop?.why === 'canceled' && facts.started) await withdraw(parts);
    return known;
  }
  const { exit } = facts;
  if (!exit) return failed(agentFailure('product', 'attempt.product', { reason: 'its end is not known' }));
  const limitMs = limitOf(parts.executor);
  const limit = AbortSignal.timeout(limitMs);
  try {
    const conclusion = await untilAborted(
      judge(facts, exit, parts, AbortSignal.any([parts.signal, limit])),
      AbortSignal.any([parts.signal, limit]),
    );
    return checked(conclusion, exit);
  } catch (error) {
    if (parts.signal.aborted) return undefined;
    if (limit.aborted) {
      const minutes = Math.ceil(limitMs / 60_000);
      return failed(agentFailure('stall', 'attempt.conclude_slow', { minutes }));
    }
    if (error instanceof TaskFailure) return failed(error.failure);
    parts.log.error({ err: error }, 'the workload could not judge what came out');
    return failed(agentFailure('product', 'attempt.product', { reason: wordsOf(error) }, causeOf(error)));
  }
}

function limitOf(executor: AnyExecutor): number {
  return (isHosted(executor) ? undefined : executor.concludeLimitMs) ?? USUAL_LIMIT_MS;
}

/** Whether the workload has a word in how it ends: only then what this machine can do has to be known. */
export function asksWorkload(facts: AllocationFacts): boolean {
  return knownEnding(facts) === undefined || (facts.stop?.why === 'canceled' && facts.started);
}

/** An end about which the workload has nothing to say. */
function knownEnding({ stop, doom, exit, started }: AllocationFacts): Concluded | undefined {
  if (doom) return failed(doom);
  if (!stop) return undefined;
  // Work that had finished by itself when it was asked to make room counts as finished.
  const finished =
    started && exit?.cause === 'exited' && (stop.why === 'preempted' || stop.why === 'drained');
  return finished ? undefined : { outcome: outcomeOfStop(stop.why), outputs: [] };
}

/** The effort for a canceled attempt is called off already, so that this has a limit of its own. */
async function withdraw({ executor, context, log }: ConcludeParts): Promise<void> {
  if (isHosted(executor) || !executor.withdraw) return;
  const signal = AbortSignal.timeout(WITHDRAW_MS);
  try {
    await untilAborted(executor.withdraw(context(signal)), signal);
  } catch (error) {
    log.warn({ err: error }, 'what a canceled attempt had begun elsewhere could not be taken back');
  }
}

function failed(failure: Failure): Concluded {
  return { outcome: 'failed', failure, outputs: [] };
}

async function judge(
  facts: AllocationFacts,
  exit: ExitFile,
  parts: ConcludeParts,
  signal: AbortSignal,
): Promise<Conclusion> {
  const { executor, logs } = parts;
  const { code, signal: endedBy, cause, usage } = exit;
  const context: ConcludeContext<unknown> = {
    ...parts.context(signal),
    exit: { code, signal: endedBy, cause, usage },
    committed: facts.committed,
    async logTail(stream, bytes = TAIL_BYTES) {
      return (await readLogTail(logs, stream, bytes)).bytes.toString('utf8');
    },
  };
  return isHosted(executor)
    ? executor.conclude({ ...context, hostResult: exit.result ?? null })
    : executor.conclude(context);
}

function checked(conclusion: Conclusion, exit: ExitFile): Concluded {
  const outputs = conclusion.outputs?.map(plainOutput) ?? [];
  const { result } = conclusion;
  if (result !== undefined && Buffer.byteLength(JSON.stringify(result)) > RESULT_BYTES) {
    return failed(agentFailure('product', 'attempt.result', { limit: RESULT_BYTES }));
  }
  const kept = result === undefined ? {} : { result };
  if (conclusion.outcome === 'ok') return { outcome: 'ok', outputs, ...kept };
  return { outcome: 'failed', failure: nodeFault(exit) ?? conclusion.failure, outputs, ...kept };
}

/** When the machine is to blame, the workload's view of the ruins is not what counts. */
function nodeFault(exit: ExitFile): Failure | undefined {
  if (exit.cause === 'runner-lost') return agentFailure('node', 'attempt.runner_lost');
  if (exit.cause === 'spawn-failed') {
    return agentFailure('node', 'attempt.start', { reason: exit.message ?? 'unknown' }, 'spawn-failed');
  }
  return undefined;
}

/** A workload that doesn't listen to its signal must not hold up a cancellation. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (stop) signal.removeEventListener('abort', stop);
    work.catch(() => undefined);
  }
}
