import { StrictMode, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { chooseLanguage, type PageLanguage, type PlayerLink, readLink } from './model/link.ts';
import './page.css';
import { PlayerPage } from './player-page.tsx';
import { sayIn, WordsContext } from './texts.ts';

const languageKey = 'backlot.player.language';

function Root({ link }: { readonly link: PlayerLink }) {
  const [language, setLanguage] = useState(() => chooseLanguage(link.language, kept(), navigator.languages));
  const words = useMemo(() => {
    document.documentElement.lang = language;
    return {
      language,
      say: sayIn(language),
      setLanguage: (next: PageLanguage) => {
        keep(next);
        setLanguage(next);
      },
    };
  }, [language]);
  return (
    <WordsContext value={words}>
      <PlayerPage link={link} />
    </WordsContext>
  );
}

function kept(): string | null {
  try {
    return localStorage.getItem(languageKey);
  } catch {
    return null;
  }
}

function keep(language: PageLanguage): void {
  try {
    localStorage.setItem(languageKey, language);
  } catch {
    // A browser that keeps nothing asks its own settings next time.
  }
}

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Root link={readLink(new URL(location.href))} />
    </StrictMode>,
  );
}
