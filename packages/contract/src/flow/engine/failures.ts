import type { Failure, FailureClass } from '../../failure.ts';
import { reason } from '../../phrase.ts';
import { flowPhrases } from '../phrases.ts';

/** A failure that the engine itself finds. */
export function flowFailure(
  kind: FailureClass,
  code: keyof typeof flowPhrases & string,
  params: Record<string, string | number> = {},
): Failure {
  return {
    class: kind,
    reason: reason(flowPhrases, code, params),
    signature: `${kind}:${code}`,
  };
}
