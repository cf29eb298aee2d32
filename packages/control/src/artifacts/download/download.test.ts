import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayBeShown, mediaTypeOf } from '../media-type.ts';
import { byteRange, noneMatch } from './byte-range.ts';
import { contentDisposition, safeFileName } from './content-disposition.ts';
import { zipPaths } from './zip.ts';

describe('a range', () => {
  it('lies inside of the file, whatever the header says', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 0, max: 10_000 }),
        (junk, a, b, size) => {
          for (const header of [junk, `bytes=${a}-${b}`, `bytes=${a}-`, `bytes=-${b}`, `bytes=${junk}`]) {
            const answer = byteRange(header, size);
            if (answer.kind !== 'part') continue;
            expect(answer.start).toBeGreaterThanOrEqual(0);
            expect(answer.end).toBeGreaterThanOrEqual(answer.start);
            expect(answer.end).toBeLessThan(size);
          }
        },
      ),
    );
  });

  it.each([
    ['bytes=0-', 0, { kind: 'unsatisfiable' }],
    ['bytes=-0', 10, { kind: 'unsatisfiable' }],
    ['bytes=-5', 0, { kind: 'unsatisfiable' }],
    ['bytes=5-3', 10, { kind: 'all' }],
    ['bytes=-', 10, { kind: 'all' }],
    [undefined, 10, { kind: 'all' }],
    ['bytes=-100', 10, { kind: 'part', start: 0, end: 9 }],
  ] as const)('%s of %i bytes', (header, size, answer) => {
    expect(byteRange(header, size)).toEqual(answer);
  });

  it('is not asked for when the client has the bytes', () => {
    expect(noneMatch('*', '"a"')).toBe(false);
    expect(noneMatch('"b", W/"a"', '"a"')).toBe(false);
    expect(noneMatch('"b"', '"a"')).toBe(true);
    expect(noneMatch(undefined, '"a"')).toBe(true);
  });
});

describe('a file’s name', () => {
  it('can’t break out of its header or its folder', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.string({ unit: 'binary' }), (a, b) => {
        for (const name of [a, b, `${a}/${b}`, `..\\${a}`]) {
          const header = contentDisposition('attachment', name);
          expect(header).toMatch(
            /^attachment; filename="[\x20\x21\x23-\x5b\x5d-\x7e]+"(; filename\*=UTF-8''[!-~]+)?$/,
          );
          expect(safeFileName(name)).not.toMatch(/[/\\\p{Cc}]/u);
          expect(safeFileName(name)).not.toMatch(/^\.{0,2}$/);
        }
      }),
    );
  });

  it('comes back from the extended form as it was', () => {
    const header = contentDisposition('inline', '模型 (1)’s.glb');
    expect(decodeURIComponent(/UTF-8''(.*)$/.exec(header)?.[1] ?? '')).toBe('模型 (1)’s.glb');
  });

  it('is unique inside a zip and never leads out of it', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[aA./\\]{0,6}$/), { maxLength: 20 }), (names) => {
        const paths = zipPaths(names);
        expect(new Set(paths.map((path) => path.toLowerCase())).size).toBe(names.length);
        for (const path of paths) expect(path.split('/')).not.toContain('..');
        for (const path of paths) expect(path).toMatch(/^[^/]/);
      }),
    );
  });
});

describe('a media type', () => {
  it.each([
    ['a.glb', undefined, 'model/gltf-binary'],
    ['a.PNG', undefined, 'image/png'],
    ['a.png', 'image/webp; q=1', 'image/webp'],
    ['a.png', 'application/octet-stream', 'image/png'],
    ['a.blend', 'no type at all\r\nx: y', 'application/x-blender'],
    ['a', undefined, 'application/octet-stream'],
    ['constructor.constructor', undefined, 'application/octet-stream'],
  ])('of %s (said to be %s) is %s', (name, claimed, expected) => {
    expect(mediaTypeOf(name, claimed)).toBe(expected);
  });

  it('that can hold a script is never shown', () => {
    for (const type of [
      'text/html',
      'image/svg+xml',
      'application/xml',
      'application/xhtml+xml',
      'text/xml',
    ]) {
      expect(mayBeShown(type)).toBe(false);
    }
  });
});
