import type { Failure } from '@backlot/contract';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { ControlRefusal } from '../transfer/control-http.ts';
import { TaskFailure } from '../workload.ts';
import { agentFailure, causeOf, isDiskFull, wordsOf } from './failures.ts';

/** Whether the control plane says that the allocation is not ours any more. */
export function isStale(error: unknown): boolean {
  return error instanceof ControlRefusal && (error.code === 'stale_fence' || error.status === 403);
}

/** Why an input is not there. A full disk is the node's fault, everything else the way's. */
export function failureOfInput(name: string, error: unknown): Failure {
  const failureClass = isDiskFull(error) ? 'node' : 'transfer';
  return agentFailure(failureClass, 'attempt.input', { name, reason: wordsOf(error) }, causeOf(error));
}

/** Why the process did not begin. */
export function failureOfStart(error: unknown): Failure {
  if (error instanceof TaskFailure) return error.failure;
  const params = { reason: wordsOf(error) };
  // This node has proved less than it needed to, or lost a program since: another may do it.
  if (error instanceof BacklotError && ['program_not_found', 'sandbox_unavailable'].includes(error.code)) {
    return agentFailure('capability', 'attempt.start', params, error.code);
  }
  if (error instanceof BacklotError || isSystemError(error)) {
    return agentFailure('node', 'attempt.start', params, causeOf(error));
  }
  return agentFailure('product', 'attempt.product', params, causeOf(error));
}

const UNUSABLE = new Set(['output_not_plain', 'output_changed', 'output_conflict', 'output_not_expected']);

/** Why an output could not be brought away. */
export function failureOfUpload(error: unknown): Failure {
  const name = error instanceof BacklotError ? String(error.params.path ?? error.params.name ?? '') : '';
  const params = { name, reason: wordsOf(error) };
  if (error instanceof BacklotError && UNUSABLE.has(error.code)) {
    return agentFailure('output', 'attempt.output', params, error.code);
  }
  return agentFailure('transfer', 'attempt.upload', params, causeOf(error));
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'errno' in error;
}
