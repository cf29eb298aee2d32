import { UsageError } from '@backlot/cli/command';
import { fill, type Phrase, type PhraseParams } from '@backlot/contract/phrase';
import { describe, expect, it } from 'vitest';
import { checkSecretName, readPair, readSettings } from './typed-settings.ts';

const say = (phrase: Phrase, params: PhraseParams = {}) => fill(phrase, params, 'en');

describe('settings of a target, as they are typed', () => {
  it.each([
    ['telegram', 'chatId=-1001234', { chatId: '-1001234' }],
    ['email', 'port=25', { port: 25 }],
    ['email', 'host=25', { host: '25' }],
    ['s3', 'pathStyle=true', { pathStyle: true }],
    ['s3', 'bucket=true', { bucket: 'true' }],
    ['s3', 'bucket=a=b', { bucket: 'a=b' }],
    // Neither fits: the control plane says what is wrong with it.
    ['email', 'port=many', { port: 'many' }],
  ] as const)('of %s: %s', (kind, text, settings) => {
    expect(readSettings(kind, [text], say)).toEqual(settings);
  });

  it('that the kind does not have are refused with those that it has', () => {
    expect(() => readSettings('s3', ['buckt=films'], say)).toThrow(/has no buckt. It has: .*bucket/);
    expect(() => readSettings('s3', ['__proto__=1'], say)).toThrow(UsageError);
    expect(() => checkSecretName('s3', 'password', say)).toThrow(/accessKey/);
    expect(checkSecretName('s3', 'accessKey', say)).toBe('accessKey');
    expect(() => readPair('=x', say)).toThrow(UsageError);
  });
});
