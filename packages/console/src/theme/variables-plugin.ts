import { convertCssVariables } from '@mantine/core';
import type { Plugin } from 'vite';
import { cssVariablesResolver, mergedTheme } from './theme.ts';

const requested = 'virtual:theme-variables.css';
const resolved = `\0${requested}`;

/**
 * Vite plugin: serves the theme's CSS variables as the style sheet `virtual:theme-variables.css`.
 *
 * MantineProvider would put them in a `<style>` element at run time, which a Content-Security-Policy without
 * 'unsafe-inline' refuses, and which would paint one frame late.
 */
export function themeVariables(): Plugin {
  return {
    name: 'backlot:theme-variables',
    resolveId: (id) => (id === requested ? resolved : undefined),
    load: (id) =>
      id === resolved ? convertCssVariables(cssVariablesResolver(mergedTheme), ':root') : undefined,
  };
}
