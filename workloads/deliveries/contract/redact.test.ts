import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Given, Heard, Redactor } from './redact.ts';

const redactor = (secrets: Record<string, string>, more: Partial<Given> = {}) =>
  new Redactor({ kind: 'webdav', settings: {}, secrets, ...more });
const line = (redact: Redactor, text: string, most?: number) => redact.line(new Heard(text), most);

describe('words of a target', () => {
  it('lose their secrets before they are cut, wherever the cut falls', () => {
    const secret = 'correct-horse-battery-staple';
    const redact = redactor({ password: secret });
    for (let before = 0; before <= 60; before += 1) {
      const text = `${'x'.repeat(before)} ${secret} not accepted`;
      const shown = line(redact, text, 40);
      expect([...shown].length).toBeLessThanOrEqual(40);
      expect(shown).not.toContain('corr');
    }
  });

  it('lose the beginning of a secret that reading has cut off', () => {
    const secret = 'correct-horse-battery-staple';
    const redact = redactor({ password: secret });
    for (let length = 1; length < secret.length; length += 1) {
      const said = new Heard(`<b>no</b>: ${secret.slice(0, length)}`, true);
      expect(redact.line(said)).toBe('no : •••');
    }
    expect(redact.line(new Heard('it is correct', false))).toBe('it is correct');
  });

  it('hold no four letters in a row of a secret, whatever is around it and whatever the limits are', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[A-Z]{12,40}$/),
        fc.stringMatching(/^[a-z <>\n]{0,80}$/),
        fc.nat(120),
        fc.integer({ min: 1, max: 80 }),
        (secret, around, read, most) => {
          const said = `${around}${secret}${around}`;
          const heard = new Heard(said.slice(0, read), read < said.length);
          const shown = redactor({ token: secret }).line(heard, most);
          for (let at = 0; at + 4 <= secret.length; at += 1) {
            expect(shown).not.toContain(secret.slice(at, at + 4));
          }
        },
      ),
    );
  });

  it.each<[what: string, given: Partial<Given>, said: string, shown: string]>([
    [
      'an address that is a secret',
      { kind: 'discord', secrets: { url: 'https://discord.com/api/webhooks/123/abcDEF' } },
      'POST /api/webhooks/123/abcDEF: no webhook abcDEF',
      'POST •••: no webhook •••',
    ],
    [
      'a sign-in as HTTP sends it',
      { settings: { user: 'u' }, secrets: { password: 'p w' } },
      `Authorization: Basic ${btoa('u:p w')}`,
      'Authorization: Basic •••',
    ],
    [
      'a sign-in as SMTP sends it',
      { kind: 'email', settings: { user: 'u' }, secrets: { password: 'right' } },
      `AUTH PLAIN ${btoa('\0u\0right')} / ${btoa('right')}`,
      'AUTH PLAIN ••• / •••',
    ],
    [
      'the query and the path of a webhook',
      { kind: 'webhook', settings: { url: 'https://x/robot/send?access_token=abc123' } },
      'Cannot POST /robot/send?access_token=abc123 (abc123)',
      'Cannot POST •••?••• (•••)',
    ],
    [
      'a secret as JSON and HTML write it',
      { secrets: { password: 'a"b<c&d' } },
      '{"pass":"a\\"b<c&d"} a&quot;b&lt;c&amp;d',
      '{"pass":"•••"} •••',
    ],
    [
      'values of an rclone.conf, and not its words',
      {
        kind: 'rclone',
        secrets: {
          config: '[store]\ntype = webdav\nurl = https://dav.example\nvendor = other\npass = 0bscured\n',
        },
      },
      'webdav of another vendor at https://dav.example: 0bscured',
      'webdav of another vendor at https://dav.example: •••',
    ],
    [
      'tokens in addresses of Apprise',
      { kind: 'apprise', secrets: { urls: 'tgram://123456:ABCdef/789\nmailto://me:geheim@x.org' } },
      'tgram 123456 ABCdef geheim',
      'tgram ••• ••• •••',
    ],
    [
      'a sign-in that an old address still has',
      { kind: 'webdav', settings: { url: 'https://me:s%20cret@x/dav' } },
      'no: s cret, s%20cret',
      'no: •••, •••',
    ],
  ])('%s', (_what, given, said, shown) => {
    expect(line(redactor(given.secrets ?? {}, given), said)).toBe(shown);
  });
});
