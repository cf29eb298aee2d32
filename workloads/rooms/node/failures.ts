import { type Failure, type FailureClass, type PhraseParams, reason } from '@backlot/contract';
import { roomNodePhrases } from '../contract/node-phrases.ts';

/** A typed failure with one of our sentences. */
export function failure(
  failureClass: FailureClass,
  code: keyof typeof roomNodePhrases,
  params: PhraseParams = {},
): Failure {
  return {
    class: failureClass,
    reason: reason(roomNodePhrases, code, params),
    signature: `${failureClass}:${code}`,
  };
}
