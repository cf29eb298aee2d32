import type { ReactNode } from 'react';
import classes from './message-page.module.css';

interface MessagePageProps {
  readonly title: string;
  readonly text: string;
  readonly busy?: boolean;
  readonly children?: ReactNode;
}

/** A page that says one thing: wait here, it is over, this is no address. */
export function MessagePage({ title, text, busy = false, children }: MessagePageProps) {
  return (
    <main className={classes.page} aria-busy={busy || undefined}>
      <div className={classes.message} role="status">
        {busy && <span className={classes.pulse} aria-hidden="true" />}
        <h1>{title}</h1>
        <p className="dim">{text}</p>
      </div>
      {children && <div className={classes.actions}>{children}</div>}
    </main>
  );
}
