import { artifactErrors } from '@backlot/contract/errors/artifacts';
import { BacklotError, type ErrorKind } from '@backlot/contract/errors/catalogue';
import { flowErrors } from '@backlot/contract/errors/flows';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import { type Language, type Reason, translateReason } from '@backlot/contract/phrase';
import { kernelPhrases } from '@backlot/contract/phrases/kernel';
import type { Workload } from './workloads.ts';

export type ReasonText = (reason: Reason) => string;

/**
 * What the control plane itself performs, as some steps of a flow, fails with what refused it: that reason is an error of the
 * catalogue, which no table of phrases has, because its nouns are words of a language, too.
 */
const refusals: Readonly<Record<string, ErrorKind>> = { ...kernelErrors, ...artifactErrors, ...flowErrors };
const refused = 'error.';

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
  return (reason) => {
    const { code, params } = reason;
    const kind = code.startsWith(refused) ? refusals[code.slice(refused.length)] : undefined;
    return kind
      ? new BacklotError(kind, { params }).sentence(language)
      : translateReason(reason, tables, language);
  };
}
