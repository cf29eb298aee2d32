import { describe, expect, it } from 'vitest';
import type { TargetKind } from './target.ts';
import { hasSignIn, keepStored, shownSettings } from './web-address.ts';

describe('an address', () => {
  it.each([
    ['https://u:p@host/x', true],
    ['https://u@host/x', true],
    ['https://:p@host', true],
    ['https://host/u:p@x', false],
    ['https://host?to=a@b', false],
    [undefined, false],
    ['no address', false],
  ])('%j has a sign-in: %s', (address, has) => expect(hasSignIn(address)).toBe(has));

  it.each<[kind: TargetKind, address: string, toWriters: string, toViewers: string]>([
    ['webhook', 'https://h/robot?access_token=x', 'https://h/robot?access_token=x', 'https://h/…?…'],
    ['webhook', 'https://h/services/T/B/xyz', 'https://h/services/T/B/xyz', 'https://h/…'],
    ['webhook', 'https://h', 'https://h', 'https://h/'],
    ['webhook', 'https://u:p@h/x', 'https://h/x', 'https://h/…'],
    ['webdav', 'https://u:p@h/dav', 'https://h/dav', 'https://h/dav'],
    ['webdav', 'https://h/dav/', 'https://h/dav/', 'https://h/dav/'],
    ['s3', 'https://h?key=1', 'https://h?key=1', 'https://h/?…'],
    ['ntfy', 'https://h/#t', 'https://h/#t', 'https://h/?…'],
  ])('of a %s, %s, is shown as %s or %s', (kind, address, toWriters, toViewers) => {
    const name = kind === 's3' ? 'endpoint' : kind === 'ntfy' ? 'server' : 'url';
    const settings = { [name]: address, prefix: 'in' };
    expect(shownSettings(kind, settings, true)).toEqual({ [name]: toWriters, prefix: 'in' });
    expect(shownSettings(kind, settings, false)).toEqual({ [name]: toViewers, prefix: 'in' });
  });

  it('that comes back as it was shown stays what is stored; a new one is a new one', () => {
    const stored = { url: 'https://u:p@h/dav', prefix: '' };
    expect(keepStored('webdav', { url: 'https://h/dav', prefix: 'in' }, stored)).toEqual({
      url: 'https://u:p@h/dav',
      prefix: 'in',
    });
    expect(keepStored('webdav', { url: 'https://h/other' }, stored)).toEqual({ url: 'https://h/other' });
    expect(keepStored('webdav', {}, stored)).toEqual({});
  });
});
