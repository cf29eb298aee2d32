import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aroundChanges, diffLines } from './line-diff.ts';

describe('the difference of two texts', () => {
  it('says which lines went and which came', () => {
    const lines = diffLines('a\nb\nc\nd\n', 'a\nx\nc\nd\ne\n');
    expect(lines.map(({ kind, text }) => `${kind[0]}${text}`)).toEqual(['sa', 'rb', 'ax', 'sc', 'sd', 'ae']);
    expect(lines.at(-1)).toEqual({ kind: 'added', text: 'e', old: null, new: 5 });
  });

  it('makes each text again from its half', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', 'dd', ''), { maxLength: 30 })
      .map((all) => all.join('\n'));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = diffLines(before, after);
        const half = (gone: string) =>
          lines.flatMap((line) => (line.kind === gone ? [] : [line.text])).join('\n');
        expect(half('added')).toBe(before.replace(/\n$/, ''));
        expect(half('removed')).toBe(after.replace(/\n$/, ''));
      }),
    );
  });

  it('keeps only what is around the changes', () => {
    const text = Array.from({ length: 40 }, (_, n) => `line ${n}`);
    const changed = text.with(20, 'other');
    const shown = aroundChanges(diffLines(text.join('\n'), changed.join('\n')), 2);
    expect(shown.map((line) => (line === 'gap' ? line : line.text))).toEqual([
      'line 18',
      'line 19',
      'line 20',
      'other',
      'line 21',
      'line 22',
      'gap',
    ]);
    expect(aroundChanges(diffLines('a', 'a'))).toEqual([]);
  });
});
