import type { ErrorTable } from '@backlot/contract/errors/refusal';
import type { PhraseTable } from '@backlot/contract/phrase';

const tables: PhraseTable[] = [];
const errors: ErrorTable[] = [];

/** Adds the sentences of one area or workload. Codes start with their owner's name, so that they never collide. */
export function registerPhrases(table: PhraseTable): void {
  if (!tables.includes(table)) tables.push(table);
}

/** All sentences known to this page, for `translateReason`. */
export function knownPhrases(): readonly PhraseTable[] {
  return tables;
}

/** Adds errors that a reason may be: what the control plane performs itself fails with what refused it. */
export function registerErrors(table: ErrorTable): void {
  if (!errors.includes(table)) errors.push(table);
}

/** All errors known to this page, for `sayRefusal`. */
export function knownErrors(): readonly ErrorTable[] {
  return errors;
}
