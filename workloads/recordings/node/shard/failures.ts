import { type Failure, type FailureClass, type PhraseParams, reason } from '@backlot/contract';
import { recordingNodePhrases } from './phrases.ts';

/** A typed failure with one of our sentences. */
export function recordingFailure(
  failureClass: FailureClass,
  code: keyof typeof recordingNodePhrases,
  params: PhraseParams = {},
  excerpt?: string,
): Failure {
  return {
    class: failureClass,
    reason: reason(recordingNodePhrases, code, params),
    signature: `${failureClass}:${code}`,
    ...(excerpt === undefined || excerpt === '' ? {} : { excerpt: excerpt.slice(-4_000) }),
  };
}
