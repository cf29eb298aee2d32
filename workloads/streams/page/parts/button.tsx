import type { ButtonHTMLAttributes, ReactNode } from 'react';
import classes from './button.module.css';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** The one thing that one would do here; quiet: beside it; bar: on the bar over the picture. */
  readonly look?: 'main' | 'quiet' | 'bar';
  readonly icon?: ReactNode;
}

export function Button({ look = 'quiet', icon, children, ...rest }: ButtonProps) {
  return (
    <button type="button" className={classes.button} data-look={look} {...rest}>
      {icon}
      {children}
    </button>
  );
}

/** A button that is only a picture; its name is its tooltip too. */
export function IconButton({
  label,
  icon,
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { readonly label: string; readonly icon: ReactNode }) {
  return (
    <button type="button" className={classes.icon} aria-label={label} title={label} {...rest}>
      {icon}
    </button>
  );
}
