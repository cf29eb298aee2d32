import type { Failure, FailureClass } from '@backlot/contract';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { type PhraseParams, reason } from '@backlot/contract/phrase';
import { agentPhrases } from '@backlot/contract/phrases/agent';

/** A failure that the agent itself has found. */
export function agentFailure(
  failureClass: FailureClass,
  code: keyof typeof agentPhrases & string,
  params: PhraseParams = {},
  cause = '',
): Failure {
  return {
    class: failureClass,
    reason: reason(agentPhrases, code, params),
    signature: [failureClass, code, cause]
      .filter((part) => part !== '')
      .join(':')
      .slice(0, 300),
  };
}

/** What went wrong, in a few words for a reason. */
export function wordsOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/[.\s]+$/, '').slice(0, 500);
}

/** What tells causes apart: our own code, or the system's. */
export function causeOf(error: unknown): string {
  if (error instanceof BacklotError) return error.code;
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === 'string' ? code : error instanceof Error ? error.name : 'unknown';
}

/** Whether the disk did not take it; then it is the machine and not the task. */
export function isDiskFull(error: unknown): boolean {
  const code = causeOf(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}
