import type { MediaErrorCode } from '../../contract/media/calls.ts';

/** A call that can't be done, with the code that control understands. */
export class Refusal extends Error {
  readonly code: MediaErrorCode;
  constructor(code: MediaErrorCode, message: string) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
  }
}

export const notFound = (what: string, id: string) => new Refusal('not_found', `There is no ${what} ${id}.`);
