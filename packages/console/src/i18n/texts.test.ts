import { languages } from '@backlot/contract/phrase';
import { afterAll, describe, expect, it } from 'vitest';
import { i18n } from './i18n.ts';
import { defineTexts, type TextTable, toResources } from './texts.ts';

/** Every table of texts in the console and in the workloads' console halves. */
const modules = import.meta.glob<Record<string, unknown>>(
  ['../**/*texts.ts', '../i18n/glossary.ts', '../../../../workloads/*/console/**/*texts.ts'],
  { eager: true },
);

interface Found {
  readonly namespace: string;
  readonly table: TextTable;
}

const isTexts = (value: unknown): value is Found =>
  typeof value === 'object' && value !== null && 'namespace' in value && 'table' in value;

const found = Object.values(modules).flatMap((module) => Object.values(module).filter(isTexts));

const placeholders = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]).sort();

describe('texts', () => {
  afterAll(() => i18n.changeLanguage('en'));

  it('finds the tables', () => expect(found.length).toBeGreaterThan(1));

  it('uses each namespace once', () => {
    const names = found.map((texts) => texts.namespace);
    expect(names).toEqual([...new Set(names)]);
  });

  it.each(found.map((texts) => [texts.namespace, texts.table] as const))(
    '%s takes the same values in every language, and leaves nothing empty or untranslated',
    (_namespace, table) => {
      for (const [key, text] of Object.entries(table)) {
        const english = typeof text.en === 'string' ? [text.en] : [text.en.one, text.en.other];
        const wanted = [...new Set(english.flatMap(placeholders))].sort();
        const chinese = text['zh-CN'];
        expect(chinese.trim(), key).not.toBe('');
        for (const name of placeholders(chinese)) expect(wanted, key).toContain(name);
        // A sentence left in English shows as one: no Chinese character and three or more words besides the values.
        const words = chinese.replace(/\{\{\w+\}\}/g, ' ').match(/\p{L}+/gu) ?? [];
        if (!/[\u4e00-\u9fff]/.test(chinese)) expect(words.length, key).toBeLessThan(3);
      }
    },
  );

  it('chooses the English plural by count', async () => {
    const texts = defineTexts('test-plural', {
      frames: { en: { one: '{{count}} frame', other: '{{count}} frames' }, 'zh-CN': '{{count}} 帧' },
    });
    await i18n.changeLanguage('en');
    expect(i18n.t('frames', { ns: texts.namespace, count: 1 })).toBe('1 frame');
    expect(i18n.t('frames', { ns: texts.namespace, count: 60 })).toBe('60 frames');
    await i18n.changeLanguage('zh-CN');
    expect(i18n.t('frames', { ns: texts.namespace, count: 60 })).toBe('60 帧');
  });

  it('makes flat resources for every language', () => {
    const table = { a: { en: { one: '1', other: 'n' }, 'zh-CN': '个' } };
    expect(languages.map((language) => toResources(table, language))).toEqual([
      { a_one: '1', a_other: 'n' },
      { a: '个' },
    ]);
  });
});
