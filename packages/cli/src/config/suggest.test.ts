import fc from 'fast-check';
import { expect, it } from 'vitest';
import { editDistance, suggest } from './suggest.ts';

it.each([
  ['prot', 'port'],
  ['databse_url', 'database_url'],
  ['s3_acess_key', 's3_access_key'],
  ['PORT', 'port'],
])('takes %s for %s', (wrong, meant) => {
  expect(suggest(wrong, ['host', 'port', 'database_url', 's3_access_key'])).toBe(meant);
});

it('has no suggestion for something else entirely', () => {
  expect(suggest('frobnicate', ['host', 'port'])).toBeUndefined();
  expect(suggest('x', [])).toBeUndefined();
});

it('measures a distance: zero only for the same, the same both ways, never more than the longer word', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      const distance = editDistance(a, b);
      expect(distance === 0).toBe(a === b);
      expect(distance).toBe(editDistance(b, a));
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});
