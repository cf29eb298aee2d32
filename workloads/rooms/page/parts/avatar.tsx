import classes from './avatar.module.css';

/** Letters for a name: first and last word's, or the last two characters of a Chinese one. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const first = words[0];
  if (first === undefined) return '?';
  if (/\p{Script=Han}/u.test(first)) return [...first].slice(-2).join('');
  const last = words.length > 1 ? words[words.length - 1] : undefined;
  return ([...first][0] ?? '') + (last ? ([...last][0] ?? '') : '');
}

/** Whoever sends no picture. */
export function Avatar({ name, small = false }: { readonly name: string; readonly small?: boolean }) {
  return (
    <span className={classes.avatar} data-small={small || undefined} aria-hidden="true">
      {initialsOf(name).toUpperCase()}
    </span>
  );
}
