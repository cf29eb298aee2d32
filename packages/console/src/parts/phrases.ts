import type { PhraseTable } from '@backlot/contract/phrase';

const tables: PhraseTable[] = [];

/** Adds the sentences of one area or workload. Codes start with their owner's name, so that they never collide. */
export function registerPhrases(table: PhraseTable): void {
  if (!tables.includes(table)) tables.push(table);
}

/** All sentences known to this page, for `translateReason`. */
export function knownPhrases(): readonly PhraseTable[] {
  return tables;
}
