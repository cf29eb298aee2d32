import 'react';

declare module 'react' {
  interface CSSProperties {
    /** Custom properties carry a value from the data into a style sheet. */
    [property: `--${string}`]: string | number | undefined;
  }
}
