import { describe, expect, it } from 'vitest';
import { checkMAuth, readMAuth, signMAuth, windowMs } from './mauth.ts';

const key = 'the key of the service';
const now = 1_764_000_000_000;

/** The header as licode's client writes it (nuve.js). */
function header(fields: Record<string, string>): string {
  const parts = Object.entries(fields).map(([name, value]) => `mauth_${name}=${value}`);
  return ['MAuth realm=http://marte3.dit.upm.es', ...parts].join(',');
}
function signed(more: { username?: string; role?: string; timestamp?: string } = {}) {
  const { username, role, timestamp = String(now) } = more;
  const nonce = '73211';
  const signature = signMAuth({ nonce, timestamp, username, role }, key);
  return {
    signature_method: 'HMAC_SHA1',
    serviceid: 'abc',
    cnonce: nonce,
    timestamp,
    ...(username === undefined ? {} : { username, role: role ?? '' }),
    signature,
  };
}

describe('MAuth', () => {
  it('signs as licode does: base64 of the hex digits of HMAC-SHA1', () => {
    // Computed by Python’s hmac, hashlib and base64.
    const signature = signMAuth({ timestamp: '1', nonce: '2', username: 'ada', role: 'presenter' }, 'k');
    expect(signature).toBe('NzAzYThhM2NiZDNlMjM1ZTU1NGNhMDJiNDQzNWY4MTBjMDEyNTJjMQ==');
  });

  it.each([
    ['a service', {}],
    ['a user with a role', { username: 'ada', role: 'presenter' }],
  ])('of %s is accepted', (_what, more) => {
    const mauth = readMAuth(header(signed(more)));
    expect(mauth && checkMAuth(mauth, key, now)).toBeUndefined();
    expect(mauth).toMatchObject({ serviceId: 'abc', ...more });
  });

  it.each([
    ['another key', signed(), 'other', 'wrong_signature'],
    [
      'another role',
      { ...signed({ username: 'ada', role: 'viewer' }), role: 'presenter' },
      key,
      'wrong_signature',
    ],
    [
      'another user',
      { ...signed({ username: 'ada', role: 'viewer' }), username: 'eve' },
      key,
      'wrong_signature',
    ],
    ['a role that was added', { ...signed(), username: 'eve', role: 'presenter' }, key, 'wrong_signature'],
    ['another time', { ...signed(), timestamp: String(now + 1) }, key, 'wrong_signature'],
    ['another nonce', { ...signed(), cnonce: '1' }, key, 'wrong_signature'],
    ['no signature', { ...signed(), signature: 'AA==' }, key, 'wrong_signature'],
    ['a time too long ago', signed({ timestamp: String(now - windowMs - 1) }), key, 'stale'],
    ['a time too far ahead', signed({ timestamp: String(now + windowMs + 1) }), key, 'stale'],
  ])('with %s is refused', (_what, fields, withKey, fault) => {
    const mauth = readMAuth(header(fields));
    expect(mauth && checkMAuth(mauth, withKey, now)).toBe(fault);
  });

  it.each([
    [undefined],
    [''],
    ['Bearer x'],
    ['MAuth'],
    ['MAuth realm'],
    [header({ ...signed(), signature_method: 'NONE' })],
    [header({ ...signed(), timestamp: '1e9' })],
    [header({ ...signed(), serviceid: '' })],
    [`${header(signed())},mauth_cnonce=2`],
    [header(signed()).replace(/mauth_cnonce=\d+,/, '')],
    [`${header(signed())},mauth_role=presenter`],
    [`MAuth ${'x=y,'.repeat(2_000)}`],
  ])('%j is no header', (text) => {
    expect(readMAuth(text)).toBeUndefined();
  });
});
