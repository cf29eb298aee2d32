import { describe, expect, it } from 'vitest';
import { chooseLanguage } from './model/look.ts';
import { roomKeys } from './room/keys.ts';
import { languages, sayIn, type TextKey, texts } from './texts.ts';

const parametersOf = (text: string) => new Set([...text.matchAll(/\{(\w+)/g)].map(([, name]) => name));

describe('the words of the room page', () => {
  it.each(Object.keys(texts) as TextKey[])('%s is said in both languages, with the same values', (key) => {
    const { en, 'zh-CN': chinese } = texts[key];
    expect(en).not.toBe('');
    expect(chinese).toMatch(/[\u4e00-\u9fff]|^\{/);
    expect(parametersOf(chinese)).toEqual(parametersOf(en));
  });

  it('tell one from many', () => {
    const say = sayIn('en');
    expect([1, 2].map((n) => say('people.count', { n }))).toEqual(['1 person', '2 people']);
    expect(sayIn('zh-CN')('people.count', { n: 2 })).toBe('2 人');
  });

  it('never read values as words to fill in', () => {
    expect(sayIn('en')('join.title', { room: '{name}' })).toBe('Join {name}');
  });

  it.each([
    [null, ['de-DE', 'zh-TW', 'en'], 'zh-CN'],
    [null, ['fr'], 'en'],
    ['zh-CN', ['en'], 'zh-CN'],
    ['xx', ['en'], 'en'],
  ])('kept %s, preferred %j: %s', (kept, preferred, language) => {
    expect(chooseLanguage(kept, preferred)).toBe(language);
    expect(languages).toContain(language);
  });

  it('has one key for each action', () => {
    expect(new Set(roomKeys.map(({ key }) => key)).size).toBe(roomKeys.length);
  });
});
