import type { ReactNode } from 'react';
import { useTexts } from '../i18n/texts.ts';
import { LanguageMenu } from '../shell/language-menu.tsx';
import { Logo } from '../shell/logo.tsx';
import { SchemeMenu } from '../shell/scheme-menu.tsx';
import classes from './gate.module.css';
import { sessionTexts } from './texts.ts';

/** The frame of the pages that one sees before being signed in. */
export function GateFrame({ title, children }: { readonly title?: string; readonly children: ReactNode }) {
  const say = useTexts(sessionTexts);
  return (
    <main className={classes.gate}>
      <div className={classes.tools}>
        <LanguageMenu />
        <SchemeMenu />
      </div>
      <div className={classes.box}>
        <div className={classes.brand}>
          <Logo size={28} />
          <span>
            <strong>Backlot</strong>
            <span className="dim">{say('tagline')}</span>
          </span>
        </div>
        {title && <h1 className={classes.title}>{title}</h1>}
        {children}
      </div>
    </main>
  );
}
