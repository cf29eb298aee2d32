import { describe, expect, it } from 'vitest';
import { readLink, withoutToken } from './link.ts';

describe('the link', () => {
  it.each([
    ['https://h/r/daily', 'daily', undefined],
    ['https://h/r/daily/', 'daily', undefined],
    ['https://h/r/daily#token=a.b.c', 'daily', 'a.b.c'],
    ['https://h/r/daily?token=a.b.c', 'daily', 'a.b.c'],
    ['https://h/r/daily?token=query#token=fragment', 'daily', 'fragment'],
    ['https://h/r/day%7Eone', 'day~one', undefined],
    ['https://h/r/%E0%A4%A', undefined, undefined],
    ['https://h/r/', undefined, undefined],
  ])('%s', (href, room, token) => {
    expect(readLink(new URL(href))).toEqual({ room, token });
  });

  it('stands in the address bar without its token', () => {
    expect(withoutToken(new URL('https://h/r/daily?token=x&lang=en#token=y'))).toBe('/r/daily?lang=en');
  });
});
