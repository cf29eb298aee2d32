import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { rememberedLanguage, rememberLanguage } from './language.ts';

/**
 * The one i18next instance. It starts empty and synchronously: every page brings its own texts
 * (`defineTexts`), so that a page's words are loaded with the page and never before.
 */
export const i18n = i18next.createInstance();

void i18n.use(initReactI18next).init({
  lng: typeof window === 'undefined' ? 'en' : rememberedLanguage(),
  fallbackLng: 'en',
  resources: {},
  ns: [],
  initAsync: false,
  keySeparator: false,
  nsSeparator: false,
  returnNull: false,
  // React escapes what it prints.
  interpolation: { escapeValue: false },
  react: { useSuspense: false, bindI18nStore: 'added' },
});

if (typeof document !== 'undefined') rememberLanguage(rememberedLanguage());
