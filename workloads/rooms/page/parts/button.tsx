import type { ButtonHTMLAttributes, ReactNode } from 'react';
import classes from './button.module.css';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** The one thing that one would do here; quiet: beside it; danger: what can't be taken back. */
  readonly look?: 'main' | 'quiet' | 'danger';
  readonly icon?: ReactNode;
  readonly small?: boolean;
}

export function Button({ look = 'quiet', icon, small = false, children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      className={classes.button}
      data-look={look}
      data-small={small || undefined}
      {...rest}
    >
      {icon}
      {children}
    </button>
  );
}

interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly label: string;
  readonly icon: ReactNode;
  /** off: something is switched off, and should be noticed; on: a panel that is open; leave: the way out. */
  readonly look?: 'plain' | 'off' | 'on' | 'leave';
  /** Shown on the button, such as unread messages. */
  readonly count?: number;
  /** Key that does the same. */
  readonly hint?: string;
}

/** A button that is only a picture; its name is its tooltip too. */
export function IconButton({ label, icon, look = 'plain', count = 0, hint, ...rest }: IconButtonProps) {
  const title = hint ? `${label} (${hint})` : label;
  return (
    <button
      type="button"
      className={classes.icon}
      data-look={look}
      aria-label={label}
      title={title}
      {...(hint ? { 'aria-keyshortcuts': hint } : {})}
      {...rest}
    >
      {icon}
      {count > 0 && <span className={classes.count}>{count > 99 ? '99+' : count}</span>}
    </button>
  );
}
