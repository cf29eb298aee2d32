import { type Language, type Reason, translateReason } from '@backlot/contract/phrase';
import { kernelPhrases } from '@backlot/contract/phrases/kernel';
import type { Workload } from './workloads.ts';

export type ReasonText = (reason: Reason) => string;

/**
 * Loads what it takes to say any reason in a language: the sentences of the kernel and of every workload. English
 * takes no workload: theirs come with the reason, as they were when it was stored.
 */
export async function loadReasons(
  workloads: readonly Pick<Workload, 'phrases'>[],
  language: Language,
): Promise<ReasonText> {
  const theirs = language === 'en' ? [] : workloads.map((workload) => workload.phrases());
  const tables = [kernelPhrases, ...(await Promise.all(theirs))];
  return (reason) => translateReason(reason, tables, language);
}
