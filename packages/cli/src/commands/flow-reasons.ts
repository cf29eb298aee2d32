import { artifactErrors } from '@backlot/contract/errors/artifacts';
import { BacklotError, type ErrorKind } from '@backlot/contract/errors/catalogue';
import { flowErrors } from '@backlot/contract/errors/flows';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import type { CommandContext } from '../command.ts';
import type { ReasonText } from '../reasons.ts';

const refusals: Readonly<Record<string, ErrorKind>> = { ...kernelErrors, ...artifactErrors, ...flowErrors };
const refused = 'error.';

/**
 * The sentences of runs and their steps. A step that the control plane itself performs fails with what refused it: its reason
 * is an error of the catalogue, which no table of phrases has, because its nouns are words of a language, too.
 */
export async function flowReasons({
  reasons,
  language,
}: Pick<CommandContext, 'reasons' | 'language'>): Promise<ReasonText> {
  const sentence = await reasons();
  return (reason) => {
    const { code, params } = reason;
    const kind = code.startsWith(refused) ? refusals[code.slice(refused.length)] : undefined;
    return kind ? new BacklotError(kind, { params }).sentence(language) : sentence(reason);
  };
}
