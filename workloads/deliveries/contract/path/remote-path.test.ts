import { fillTemplate } from '@backlot/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cleanComponent,
  cleanPath,
  escapePathValue,
  isNumberedOf,
  joinPath,
  numberedPath,
} from './remote-path.ts';

describe('names of copies', () => {
  it.each([
    ['a"; touch x & $(id) ../..', 'a＂; touch x & $(id) ..／'],
    ['平凡的一天：第3集 / 上', '平凡的一天：第3集 ／ 上'],
    ['Ünïcödé é', 'Ünïcödé é'],
    ['..', '_'],
    ['.', '_'],
    ['', '_'],
    ['   ', '_'],
    ['.hidden', '_.hidden'],
    ['-rf', '_-rf'],
    ['con', '_con'],
    ['NUL.txt', '_NUL.txt'],
    ['end. . .', 'end'],
    ['a\u202Egpj.exe', 'agpj.exe'],
    ['line\nbreak\ttab', 'linebreaktab'],
    ['👨‍👩‍👧 live', '👨‍👩‍👧 live'],
  ])('%j becomes %j', (given, wanted) => expect(cleanComponent(given)).toBe(wanted));

  it('never lead out of their folder, whatever they are made of', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const name = cleanComponent(text);
        expect(name).not.toBe('');
        expect(name).not.toMatch(/[/\\\0\n\r:*?"<>|]/);
        expect(name).not.toMatch(/^\.|^-|\.$| $/);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(190);
        expect(cleanComponent(name)).toBe(name);
        const path = cleanPath(text);
        expect(path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')).toBe(true);
        expect(path.startsWith('/')).toBe(false);
        expect(cleanPath(path)).toBe(path);
      }),
    );
  });

  it('are cut between characters, and keep their ending', () => {
    const name = cleanComponent(`${'长'.repeat(200)}.mp4`);
    expect(name).toMatch(/^长+\.mp4$/);
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(180);
  });

  it('get a number before their ending', () => {
    expect(numberedPath('a.b/film.mp4', 1)).toBe('a.b/film.mp4');
    expect(numberedPath('a.b/film.mp4', 2)).toBe('a.b/film (2).mp4');
    expect(numberedPath('a.b/film', 3)).toBe('a.b/film (3)');
  });

  it.each(['a.b/film.mp4', 'a.b/film', 'film (2).mp4', 'a (3)/x.tar.gz', '电影'])(
    '%s is known again by its numbers',
    (name) => {
      for (const number of [1, 2, 10, 500]) expect(isNumberedOf(numberedPath(name, number), name)).toBe(true);
      for (const other of [
        numberedPath(name, 501),
        `${name} (0)`,
        `x${name}`,
        numberedPath(numberedPath(name, 2), 2),
      ]) {
        expect(isNumberedOf(other, name)).toBe(false);
      }
    },
  );

  it('stand below a prefix that is cleaned as well', () => {
    expect(joinPath('', 'a')).toBe('a');
    expect(joinPath('/in/../out/', 'a')).toBe('in/_/out/a');
  });
});

describe('a template of a path', () => {
  const fillPath = (template: string, data: Record<string, unknown>) =>
    cleanPath(fillTemplate(template, data, escapePathValue));

  it('keeps what it is filled with inside of one name', () => {
    const data = { trigger: { room: 23058, title: 'a/../b' }, empty: '' };
    expect(fillPath('live/{{trigger.room}}/{{ trigger.title }}.mp4', data)).toBe('live/23058/a／..／b.mp4');
    expect(fillPath('../{{trigger.room}}', data)).toBe('_/23058');
    expect(fillPath('{{empty}}', data)).toBe('_');
  });

  it('never gets more folders than it has', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (title) => {
        expect(fillPath('a/{{title}}/x{{title}}.mp4', { title }).split('/').length).toBeLessThanOrEqual(3);
      }),
    );
  });
});
