import { createContext } from 'react';
import type { PageLanguage } from '../texts.ts';

export type Scheme = 'auto' | 'light' | 'dark';

/** How the page looks, and the ways to change it. */
export interface Look {
  readonly scheme: Scheme;
  readonly setScheme: (scheme: Scheme) => void;
  readonly setLanguage: (language: PageLanguage) => void;
}

export const LookContext = createContext<Look>({
  scheme: 'auto',
  setScheme: () => {},
  setLanguage: () => {},
});

/** What was chosen, else the first of the browser's languages that we have. Pure. */
export function chooseLanguage(kept: string | null, preferred: readonly string[]): PageLanguage {
  if (kept === 'en' || kept === 'zh-CN') return kept;
  for (const tag of preferred) {
    if (tag.toLowerCase().startsWith('zh')) return 'zh-CN';
    if (tag.toLowerCase().startsWith('en')) return 'en';
  }
  return 'en';
}

export function chooseScheme(kept: string | null): Scheme {
  return kept === 'light' || kept === 'dark' ? kept : 'auto';
}
