import { expect, it } from 'vitest';
import { Slug } from '../../contract/app.ts';
import { slugOf } from './slug.ts';

it.each([
  ['Show Room 2027', 'show-room-2027'],
  ['  Café — Übung!  ', 'cafe-ubung'],
  ['展厅', ''],
  ['x'.repeat(80), 'x'.repeat(60)],
])('the address of “%s” is “%s”', (name, slug) => {
  expect(slugOf(name)).toBe(slug);
  if (slug !== '') expect(Slug.safeParse(slug).success).toBe(true);
});
