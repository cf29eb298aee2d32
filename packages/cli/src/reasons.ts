import { artifactErrors } from '@backlot/contract/errors/artifacts';
import { flowErrors } from '@backlot/contract/errors/flows';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import { type ErrorTable, sayRefusal } from '@backlot/contract/errors/refusal';
import { type Language, type Reason, translateReason } from '@backlot/contract/phrase';
import { kernelPhrases } from '@backlot/contract/phrases/kernel';
import type { Workload } from './workloads.ts';

export type ReasonText = (reason: Reason) => string;

/** What the control plane itself performs, as some steps of a flow, fails with what refused it. */
const kernelRefusals: readonly ErrorTable[] = [kernelErrors, artifactErrors, flowErrors];

/**
 * Loads what it takes to say any reason in a language: the sentences of the kernel and of every workload. English
 * takes no workload: theirs come with the reason, as they were when it was stored.
 */
export async function loadReasons(
  workloads: readonly Pick<Workload, 'phrases' | 'errors'>[],
  language: Language,
): Promise<ReasonText> {
  const theirs = language === 'en' ? [] : workloads;
  const phrases = [kernelPhrases, ...(await Promise.all(theirs.map((one) => one.phrases())))];
  const errors = [...kernelRefusals, ...(await Promise.all(theirs.map((one) => one.errors?.() ?? {})))];
  return (reason) => sayRefusal(reason, errors, language) ?? translateReason(reason, phrases, language);
}
