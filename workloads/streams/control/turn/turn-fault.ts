import type { PhraseParams } from '@backlot/contract';
import type { turnPhrases } from '../../contract.ts';

/** What is wrong with a TURN server, as one of the sentences that people read. */
export class TurnFault extends Error {
  readonly code: keyof typeof turnPhrases;
  readonly params: PhraseParams;

  constructor(code: keyof typeof turnPhrases, params: PhraseParams = {}, cause?: unknown) {
    super(code, cause === undefined ? {} : { cause });
    this.name = 'TurnFault';
    this.code = code;
    this.params = params;
  }
}
