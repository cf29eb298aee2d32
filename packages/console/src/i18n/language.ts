import { chooseLanguage, type Language, languages } from '@backlot/contract/phrase';

const storageKey = 'backlot.language';

/** What each language calls itself; a choice of language is never translated. */
export const languageNames: Record<Language, string> = { en: 'English', 'zh-CN': '简体中文' };

/** The language chosen on this device, else the best fit for the browser's own list. */
export function rememberedLanguage(): Language {
  try {
    const stored = localStorage.getItem(storageKey);
    const known = languages.find((language) => language === stored);
    if (known) return known;
  } catch {
    // Storage can be forbidden; then the choice lasts for this page only.
  }
  return chooseLanguage(navigator.languages.join(','));
}

/** Keeps the choice for the next visit and tells the document, for fonts, hyphenation and screen readers. */
export function rememberLanguage(language: Language): void {
  document.documentElement.lang = language;
  try {
    localStorage.setItem(storageKey, language);
  } catch {
    // As above.
  }
}
