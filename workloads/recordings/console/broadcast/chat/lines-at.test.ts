import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatLine } from '../../../contract/chat.ts';
import { colorOf, filmClock, shortened } from './line.ts';
import { countKinds, countUntil, linesWith, withoutKinds } from './lines-at.ts';

const line = (ms: number, more: Partial<ChatLine> = {}): ChatLine => ({
  ms,
  kind: 'message',
  user: 'mara',
  text: 'hello',
  ...more,
});

describe('what had been written at a time of the film', () => {
  const lines = [0, 10, 10, 10, 25].map((ms) => line(ms));
  it.each([
    ['nothing before the first', [line(5)], 4, 0],
    ['nothing of nothing', [], 1_000, 0],
    ['what was written at that very moment', lines, 0, 1],
    ['all of one moment together', lines, 10, 4],
    ['no more in between', lines, 24, 4],
    ['all of it at the end', lines, 99, 5],
  ])('is %s', (_what, some, ms, count) => {
    expect(countUntil(some, ms)).toBe(count);
  });

  it('is what counting would say', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50)), fc.nat(60), (times, at) => {
        const sorted = times.sort((a, b) => a - b).map((ms) => ({ ms }));
        expect(countUntil(sorted, at)).toBe(sorted.filter(({ ms }) => ms <= at).length);
      }),
    );
  });
});

describe('choosing lines', () => {
  const lines = [
    line(0),
    line(1, { kind: 'paid', price: 30, text: 'ＧＯＯＤ evening' }),
    line(2, { kind: 'gift', user: '陈晓', text: '辣条' }),
  ];

  it('counts each kind', () => {
    expect(countKinds(lines)).toEqual({ message: 1, paid: 1, gift: 1, member: 0 });
  });

  it.each<[string, readonly ChatLine['kind'][], readonly number[]]>([
    ['none hidden', [], [0, 1, 2]],
    ['one', ['gift'], [0, 1]],
    ['all that there are', ['message', 'paid', 'gift'], []],
  ])('by kind: %s', (_what, hidden, times) => {
    expect(withoutKinds(lines, hidden).map(({ ms }) => ms)).toEqual(times);
  });

  it.each([
    ['  ', [0, 1, 2]],
    ['Hello', [0]],
    ['good', [1]],
    ['陈', [2]],
    ['辣条', [2]],
    ['nobody', []],
  ])('by words: %j', (words, times) => {
    expect(linesWith(lines, words).map(({ ms }) => ms)).toEqual(times);
  });
});

describe('a line', () => {
  it.each([
    ['hello', 5, 'hello'],
    ['hello you', 5, 'hello…'],
    ['abc🎬d', 4, 'abc…'],
    ['abc🎬d', 5, 'abc🎬…'],
  ])('%j in %i characters is %j', (text, most, wanted) => {
    expect(shortened(text, most)).toBe(wanted);
  });

  it.each([
    [0, '0:00:00'],
    [59_999, '0:00:59'],
    [723_000, '0:12:03'],
    [36_000_000, '10:00:00'],
  ])('%i ms into the film is %s', (ms, wanted) => {
    expect(filmClock(ms)).toBe(wanted);
  });

  it('has the colour of its writer', () => {
    expect(colorOf(line(0))).toBeUndefined();
    expect(colorOf(line(0, { color: 0xff }))).toBe('#0000ff');
  });
});
