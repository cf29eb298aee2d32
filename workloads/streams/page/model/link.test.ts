import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseLanguage, contrast, readableOn, readLink, textOn } from './link.ts';

describe('the link of a player page', () => {
  it('says which app, with which ticket, in which role', () => {
    const link = readLink(new URL('https://x.example/s/show%20room?role=viewer&watch=7#ticket=a.b-c'));
    expect(link).toEqual({
      app: 'show room',
      ticket: 'a.b-c',
      role: 'viewer',
      watch: '7',
      language: undefined,
      scheme: undefined,
    });
  });
  it('is read below a path, and with nonsense in it', () => {
    const link = readLink(new URL('https://x.example/backlot/s/demo/?role=king&language=fr&scheme=dark'));
    expect(link).toMatchObject({ app: 'demo', role: undefined, language: undefined, scheme: 'dark' });
    expect(readLink(new URL('https://x.example/s/%E0%A4%A')).app).toBe('%E0%A4%A');
  });
});

it.each([
  ['zh-CN' as const, 'en', ['en'], 'zh-CN'],
  [undefined, 'zh-CN', ['en'], 'zh-CN'],
  [undefined, null, ['fr', 'zh-TW', 'en'], 'zh-CN'],
  [undefined, null, ['fr', 'en-GB'], 'en'],
  [undefined, 'xx', [], 'en'],
])('the language for %s, %s, %j is %s', (asked, kept, preferred, chosen) => {
  expect(chooseLanguage(asked, kept, preferred)).toBe(chosen);
});

it('any accent is readable, as a surface and as text', () => {
  const colour = fc.stringMatching(/^#[0-9a-f]{6}$/);
  fc.assert(
    fc.property(colour, (accent) => {
      expect(contrast(accent, textOn(accent))).toBeGreaterThanOrEqual(4.5);
      for (const surface of ['#181b1f', '#ffffff']) {
        expect(contrast(readableOn(accent, surface), surface)).toBeGreaterThanOrEqual(4.5);
      }
    }),
  );
});
