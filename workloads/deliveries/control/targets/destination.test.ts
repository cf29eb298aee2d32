import { describe, expect, it } from 'vitest';
import { destinationOf, refuseOldSecrets } from './destination.ts';

describe('where secrets go', () => {
  it.each([
    [{ endpoint: 'https://a' }, { endpoint: 'https://b' }, true],
    [{ endpoint: 'https://a' }, {}, true],
    [{ url: 'https://a/x' }, { url: 'http://a/x' }, true],
    [{ url: 'https://a/x' }, { url: 'https://a/y', prefix: 'z' }, false],
    [{ host: 'a', port: 25, security: 'tls' }, { host: 'a', port: 25, security: 'none' }, true],
    [{ host: 'a', port: 25, security: 'tls' }, { host: 'b', port: 25, security: 'tls' }, true],
    [{ bucket: 'a' }, { bucket: 'b' }, false],
  ])('%j to %j: elsewhere %s', (before, after, moved) =>
    expect(destinationOf(before) !== destinationOf(after)).toBe(moved),
  );

  it('takes every secret with the change', () => {
    const target = { name: 'store', secretNames: ['accessKey', 'secretKey'] };
    expect(() => refuseOldSecrets(target)).toThrow(/accessKey, secretKey/);
    expect(() => refuseOldSecrets(target, { accessKey: 'x' })).toThrow(/: secretKey/);
    expect(() => refuseOldSecrets(target, { accessKey: 'x', secretKey: null })).not.toThrow();
  });
});
