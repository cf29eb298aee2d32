import { type Language, type Reason, translateReason } from '@backlot/contract/phrase';
import { kernelPhrases } from '@backlot/contract/phrases/kernel';

/**
 * A reason in the language of the reader. The sentences of workloads are not loaded for it: theirs arrive in
 * English with the reason, and the kernel's, which most waits have, are translated.
 */
export function reasonText(reason: Reason, language: Language): string {
  return translateReason(reason, [kernelPhrases], language);
}
