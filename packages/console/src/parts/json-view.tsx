import classes from './json-view.module.css';

/** Data as it is, for those who want all of it. */
export function JsonView({ value }: { readonly value: unknown }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard (WCAG 2.1.1)
    <pre className={classes.json} tabIndex={0}>
      {JSON.stringify(value, null, 2)}
    </pre>
  );
}
