import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BacklotError, toProblem } from './errors/catalogue.ts';
import { kernelErrors } from './errors/kernel.ts';
import * as contract from './index.ts';
import { chooseLanguage, fill, languages } from './phrase.ts';

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

describe('phrases', () => {
  it('put parameters in as they are: data is never read as a phrase', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        expect(fill({ en: '<{a}>', 'zh-CN': '<{a}>' }, { a: value }, 'en')).toBe(`<${value}>`);
      }),
    );
    expect(fill({ en: '{a}{b}', 'zh-CN': '' }, { a: '{b}', b: '1' }, 'en')).toBe('{b}1');
    expect(fill({ en: '{constructor}', 'zh-CN': '' }, {}, 'en')).toBe('{constructor}');
  });

  it('put a word in the number of a parameter', () => {
    const phrase = { en: '{n} {n|file|files} in {folder}', 'zh-CN': '{folder} 中有 {n} 个文件' };
    const said = (n: number | string) => fill(phrase, { n, folder: 'out' }, 'en');
    expect([0, 1, 2, '1'].map(said)).toEqual([
      '0 files in out',
      '1 file in out',
      '2 files in out',
      '1 file in out',
    ]);
    expect(fill(phrase, { n: 1, folder: '{n|a|b}' }, 'zh-CN')).toBe('{n|a|b} 中有 1 个文件');
    expect(fill(phrase, {}, 'en')).toBe('{n} {n|file|files} in {folder}');
  });

  it.each([
    [undefined, 'en'],
    ['zh', 'zh-CN'],
    ['fr, zh-TW;q=0.8, en;q=0.5', 'zh-CN'],
    ['en;q=0.1, zh;q=0', 'en'],
    ['zh_CN.UTF-8', 'zh-CN'],
    [';;;,q=', 'en'],
  ] as const)('the language for %s is %s', (header, language) => {
    expect(chooseLanguage(header)).toBe(language);
  });
});

describe('the error catalogue', () => {
  const isKind = (value: unknown): value is contract.ErrorKind =>
    typeof value === 'object' && value !== null && 'retryable' in value && 'message' in value;
  const kinds = Object.values<unknown>(contract)
    .filter((value) => typeof value === 'object' && value !== null)
    .flatMap((table) => Object.values(table as Record<string, unknown>))
    .filter(isKind);

  it('has each code once', () => {
    const codes = kinds.map((kind) => kind.code);
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.length).toBeGreaterThan(10);
  });

  it.each(kinds.map((kind) => [kind.code, kind] as const))(
    '%s has a whole sentence with the same parameters in each language',
    (_code, kind) => {
      expect(placeholders(kind.message.en)).toEqual(placeholders(kind.message['zh-CN']));
      for (const language of languages) expect(kind.message[language]).toMatch(/[.。]$/);
    },
  );

  it('becomes a problem document in the reader’s language', () => {
    const error = new BacklotError(kernelErrors.not_found, { params: { what: 'node', id: '7' } });
    expect(toProblem(error, 'zh-CN', 'r1')).toMatchObject({
      status: 404,
      code: 'not_found',
      requestId: 'r1',
      retryable: false,
    });
    expect(toProblem(error, 'zh-CN').detail).toContain('没有找到');
    expect(toProblem(error, 'en').type).toBe('urn:backlot:error:not_found');
  });
});
