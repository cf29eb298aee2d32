import { type Language, type Reason, translateReason } from '@backlot/contract/phrase';
import { kernelPhrases } from '@backlot/contract/phrases/kernel';
import type { Workload } from './workloads.ts';

export type ReasonText = (reason: Reason) => string;

/**
 * Loads what it takes to say any reason in a language: the sentences of the kernel and of every workload. English
 * takes nothing: it comes with the reason, as it was when it was stored.
 */
export async function loadReasons(
  workloads: readonly Pick<Workload, 'phrases'>[],
  language: Language,
): Promise<ReasonText> {
  const tables =
    language === 'en'
      ? []
      : [kernelPhrases, ...(await Promise.all(workloads.map((workload) => workload.phrases())))];
  return (reason) => translateReason(reason, tables, language);
}
