import type { Phrase } from '../../phrase.ts';

const phrases = new Map<string, Phrase>();

/**
 * A sentence of a schema that people read when a flow does not fit it: zod keeps the English one, and this remembers the
 * others. For the message of a `regex` or a `refine`.
 */
export function said(phrase: Phrase): string {
  phrases.set(phrase.en, phrase);
  return phrase.en;
}

/** The phrase of a message that a schema was given; undefined for zod's own. */
export function phraseSaid(message: string): Phrase | undefined {
  return phrases.get(message);
}
