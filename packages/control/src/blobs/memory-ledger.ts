import type { LedgerPart, OpenMultipart, PartLedger } from './part-ledger.ts';
import { TAIL } from './part-ledger.ts';

/**
 * A part ledger for one run of a program that has no database to write to: a restore, which fills the very tables
 * that the ledger would use. What it opens must be finished or given up before the program ends.
 */
export function createMemoryLedger(now: () => Date = () => new Date()): PartLedger {
  const book = new Map<
    string,
    { multipart: OpenMultipart; parts: Map<number, LedgerPart>; openedAt: Date }
  >();
  return {
    async open(multipart) {
      book.set(multipart.id, { multipart, parts: new Map(), openedAt: now() });
    },
    async find(id) {
      const entry = book.get(id);
      return (
        entry && {
          multipart: entry.multipart,
          parts: [...entry.parts.values()].sort((a, b) => a.number - b.number),
        }
      );
    },
    async record(id, part) {
      const parts = book.get(id)?.parts;
      parts?.set(part.number, part);
      if (part.number !== TAIL) parts?.delete(TAIL);
    },
    async close(id) {
      book.delete(id);
    },
    async openedBefore(date) {
      return [...book].flatMap(([id, { openedAt }]) => (openedAt < date ? id : []));
    },
  };
}
