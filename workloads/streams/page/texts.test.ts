import { describe, expect, it } from 'vitest';
import { sessionEnds } from '../contract/session.ts';
import { clockText, isTextKey, sayIn, texts } from './texts.ts';

describe('the words of the player page', () => {
  it.each(Object.entries(texts))('%s asks for the same values in both languages', (_key, text) => {
    const names = (value: string) =>
      [...new Set([...value.matchAll(/\{(\w+)/g)].map((match) => match[1]))].sort();
    expect(names(text['zh-CN'])).toEqual(names(text.en));
    expect(text['zh-CN']).not.toBe('');
  });

  it.each(sessionEnds)('tell what the end “%s” means and what to do', (end) => {
    expect(isTextKey(`end.${end}`)).toBe(true);
    expect(isTextKey(`end.${end}.text`)).toBe(true);
  });

  it('count', () => {
    expect(sayIn('en')('role.viewers', { count: 1 })).toBe('1 person watches');
    expect(sayIn('en')('role.viewers', { count: 2 })).toBe('2 people watch');
    expect(sayIn('zh-CN')('queued', { position: 4 })).toBe('排队第 4 位');
  });
});

it.each([
  [0, '0:00'],
  [42_000, '0:42'],
  [725_000, '12:05'],
  [3_723_000, '1:02:03'],
])('%d ms on a clock is %s', (ms, text) => expect(clockText(ms)).toBe(text));
