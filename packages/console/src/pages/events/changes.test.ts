import { expect, it } from 'vitest';
import { changesBetween } from './changes.ts';

it.each([
  [{ a: 1, b: 2 }, { a: 1, b: 3 }, [{ field: 'b', before: '2', after: '3' }]],
  [null, { name: 'node-1' }, [{ field: 'name', before: '–', after: '"node-1"' }]],
  [{ name: 'node-1' }, null, [{ field: 'name', before: '"node-1"', after: '–' }]],
  [{ labels: { gpu: 'yes' } }, { labels: { gpu: 'yes' } }, []],
  ['text', 'other', []],
])('%j to %j', (before, after, expected) => expect(changesBetween(before, after)).toEqual(expected));
