import type { PhraseTable } from '../phrase.ts';
import { endingPhrases } from './endings.ts';
import { waitPhrases } from './waits.ts';

/** All sentences that the kernel itself puts into reasons. Pages and the CLI translate by them. */
export const kernelPhrases = { ...waitPhrases, ...endingPhrases } satisfies PhraseTable;
