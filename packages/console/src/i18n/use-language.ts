import { type Language, languages } from '@backlot/contract/phrase';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { rememberLanguage } from './language.ts';

/** The page's language and how to change it. */
export function useLanguage(): { language: Language; setLanguage: (language: Language) => void } {
  const { i18n } = useTranslation();
  const language = languages.find((known) => known === i18n.language) ?? 'en';
  const setLanguage = useCallback(
    (next: Language) => {
      rememberLanguage(next);
      void i18n.changeLanguage(next);
    },
    [i18n],
  );
  return { language, setLanguage };
}
