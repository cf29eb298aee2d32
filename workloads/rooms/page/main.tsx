import { useEffect, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { recall, remember } from './model/kept.ts';
import { readLink, withoutToken } from './model/link.ts';
import { chooseLanguage, chooseScheme, LookContext } from './model/look.ts';
import './page.css';
import { sayIn, WordsContext } from './texts.ts';

const link = readLink(new URL(location.href));
// The token is not for whoever looks over one's shoulder, nor for the history. Reloading keeps it for this tab.
const tokenKey = `backlot.room.token.${link.room ?? ''}`;
const token = link.token ?? sessionStorage.getItem(tokenKey) ?? undefined;
if (link.token !== undefined) {
  sessionStorage.setItem(tokenKey, link.token);
  history.replaceState(null, '', withoutToken(new URL(location.href)));
}

function Root() {
  const [language, setLanguage] = useState(() => chooseLanguage(recall('language'), navigator.languages));
  const [scheme, setScheme] = useState(() => chooseScheme(recall('scheme')));
  const words = useMemo(() => ({ language, say: sayIn(language) }), [language]);
  const look = useMemo(
    () => ({
      scheme,
      setScheme: (next: typeof scheme) => {
        remember('scheme', next === 'auto' ? null : next);
        setScheme(next);
      },
      setLanguage: (next: typeof language) => {
        remember('language', next);
        setLanguage(next);
      },
    }),
    [scheme],
  );
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  useEffect(() => {
    const light = matchMedia('(prefers-color-scheme: light)');
    const apply = () => {
      const isLight = scheme === 'light' || (scheme === 'auto' && light.matches);
      document.documentElement.dataset.scheme = isLight ? 'light' : 'dark';
    };
    apply();
    light.addEventListener('change', apply);
    return () => light.removeEventListener('change', apply);
  }, [scheme]);
  return (
    <WordsContext value={words}>
      <LookContext value={look}>
        <App link={{ room: link.room, token }} />
      </LookContext>
    </WordsContext>
  );
}

const root = document.getElementById('root');
// Not in strict mode: it opens camera and microphone twice, and lets go of one of them, whenever a page is shown.
if (root) createRoot(root).render(<Root />);
