import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';

const script = (name: string) => readFileSync(new URL(`./in-page/${name}.js`, import.meta.url), 'utf8');
const contrast = script('contrast');
const structure = script('structure');

/** Texts of the page that are too faint to read (WCAG 2.1 AA). */
export function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(contrast);
}

/** Faults of structure: names, headings, ids, overflow. */
export function structuralFaults(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(structure);
}
