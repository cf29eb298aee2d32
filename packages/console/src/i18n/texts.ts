import { type Language, languages } from '@backlot/contract/phrase';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { i18n } from './i18n.ts';

/** One text in every language, side by side. English tells one from many; Chinese does not. */
export interface Text {
  readonly en: string | { readonly one: string; readonly other: string };
  readonly 'zh-CN': string;
}

export type TextTable = Readonly<Record<string, Text>>;

/** The texts of one page or part, known to i18next under their namespace. */
export interface Texts<T extends TextTable = TextTable> {
  readonly namespace: string;
  readonly table: T;
}

/** Values for `{{name}}` in a text; `count` also chooses between one and many. */
export type TextParams = Readonly<Record<string, string | number>>;

/** Says one of the texts in the page's language. */
export type Say<T extends TextTable> = (key: keyof T & string, params?: TextParams) => string;

/** i18next's flat resources of one language: plural forms become `key_one` and `key_other`. */
export function toResources(table: TextTable, language: Language): Record<string, string> {
  const resources: Record<string, string> = {};
  for (const [key, text] of Object.entries(table)) {
    const value = text[language];
    if (typeof value === 'string') resources[key] = value;
    else {
      resources[`${key}_one`] = value.one;
      resources[`${key}_other`] = value.other;
    }
  }
  return resources;
}

/** Declares the texts of one page or part; the namespace must be unique in the console. */
export function defineTexts<const T extends TextTable>(namespace: string, table: T): Texts<T> {
  for (const language of languages) {
    i18n.addResourceBundle(language, namespace, toResources(table, language), false, true);
  }
  return { namespace, table };
}

/** The texts in the language of the page; the component is drawn again when the language changes. */
export function useTexts<T extends TextTable>(texts: Texts<T>): Say<T> {
  const { t } = useTranslation(texts.namespace);
  return useCallback((key: string, params?: TextParams) => t(key, { ...params }), [t]);
}
