import type { Language, Reason } from '../phrase.ts';
import { BacklotError, type ErrorKind } from './catalogue.ts';

/** Errors by their codes, as `defineErrors` makes them. */
export type ErrorTable = Readonly<Record<string, ErrorKind>>;

const prefix = 'error.';

/**
 * An error of the catalogue as a reason that is stored: `error.<code>`. No table of phrases has it, because the nouns of an
 * error are words of a language, too.
 */
export function refusalOf({ code, params, message }: BacklotError): Reason {
  return { code: `${prefix}${code}`, params, message };
}

/** The sentence of a reason that is an error of one of the tables; undefined for every other reason. */
export function sayRefusal(
  { code, params }: Reason,
  tables: readonly ErrorTable[],
  language: Language,
): string | undefined {
  if (!code.startsWith(prefix)) return undefined;
  const name = code.slice(prefix.length);
  const kind = tables.find((table) => Object.hasOwn(table, name))?.[name];
  return kind && new BacklotError(kind, { params }).sentence(language);
}
