import { flowPhrases } from '../flow/phrases.ts';
import type { PhraseTable } from '../phrase.ts';
import { agentPhrases } from './agent.ts';
import { endingPhrases } from './endings.ts';
import { healthPhrases } from './health.ts';
import { waitPhrases } from './waits.ts';

/** All sentences that the kernel itself puts into reasons. Pages and the CLI translate by them. */
export const kernelPhrases = {
  ...agentPhrases,
  ...waitPhrases,
  ...endingPhrases,
  ...flowPhrases,
  ...healthPhrases,
} satisfies PhraseTable;
