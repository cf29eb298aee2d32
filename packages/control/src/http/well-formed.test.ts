import { expect, it } from 'vitest';
import { findUnstorable } from './well-formed.ts';

const nested = (depth: number): unknown => (depth === 0 ? 'x' : [nested(depth - 1)]);

it.each([
  ['plain text in any language', { name: '渲染 🎬 café' }, undefined],
  ['numbers, booleans, null', [1, true, null], undefined],
  ['U+0000 in a value', { a: [{ b: 'x\0y' }] }, 'body.a.0.b'],
  ['U+0000 in a key', { 'x\0': 1 }, 'body'],
  ['half a surrogate pair', { name: '\ud83c' }, 'body.name'],
  ['nesting without end', nested(200), `body${'.0'.repeat(65)}`],
])('%s', (_what, value, expected) => {
  expect(findUnstorable(value, 'body')).toBe(expected);
});
