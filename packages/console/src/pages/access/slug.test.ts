import { Slug } from '@backlot/contract/api/common';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { slugOf } from './slug.ts';

it.each([
  ['Short Film', 'short-film'],
  ['  Été à Paris!  ', 'e-te-a-paris'],
  ['影片', ''],
  ['a'.repeat(80), 'a'.repeat(60)],
])('%j becomes %j', (name, slug) => expect(slugOf(name)).toBe(slug));

it('makes a valid short name or none at all', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 120 }), (name) => {
      const slug = slugOf(name);
      expect(slug === '' || Slug.safeParse(slug).success).toBe(true);
    }),
  );
});
