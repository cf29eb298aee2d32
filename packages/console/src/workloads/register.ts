import { languages } from '@backlot/contract/phrase';
import { kernelPhrases } from '@backlot/contract/phrases/kernel';
import { i18n } from '../i18n/i18n.ts';
import { registerErrors, registerPhrases } from '../parts/phrases.ts';
import type { ConsoleWorkload, Strings } from '../workload.ts';

/** Nested strings as i18next takes them here: one level, areas joined by dots. */
export function flattenStrings(strings: Strings, prefix = ''): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [key, value] of Object.entries(strings)) {
    if (typeof value === 'string') flat[prefix + key] = value;
    else Object.assign(flat, flattenStrings(value, `${prefix}${key}.`));
  }
  return flat;
}

/** Takes in what the workloads bring besides pages: their words and their sentences. */
export function registerWorkloads(workloads: readonly ConsoleWorkload[]): void {
  registerPhrases(kernelPhrases);
  for (const { name, strings, phrases, errors } of workloads) {
    for (const language of languages) {
      i18n.addResourceBundle(language, name, flattenStrings(strings[language]), false, true);
    }
    if (phrases) registerPhrases(phrases);
    if (errors) registerErrors(errors);
  }
}
