import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shiftingClock } from '../../testing/shifting-clock.ts';
import { migrations } from '../migrations.ts';
import { Tokens } from './tokens.ts';

const clock = shiftingClock();
const key = new Uint8Array(32).fill(9);
let database: TestDatabase;
let tokens: Tokens;
const putOut: unknown[] = [];

beforeAll(async () => {
  database = await createTestDatabase({ migrations: [{ name: 'rooms', migrations }] });
  const kernel = { db: database.db, clock, key: async () => key };
  tokens = new Tokens(kernel as never, (what) => putOut.push(what));
});
afterAll(() => database.close());

const code = (token: string) =>
  tokens.verify(token).then(
    () => 'valid',
    (error: { code: string }) => error.code,
  );
/** A token of somebody else's making, with this header, key and payload. */
const forge = (changes: object, secret = key, alg = 'HS256') => {
  const now = Math.floor(clock.now() / 1_000);
  const claims = {
    iss: 'backlot',
    aud: 'backlot:rooms',
    sub: 'anna',
    jti: '0190c5a0-0000-7000-8000-000000000000',
    iat: now,
    exp: now + 100,
    grants: { room: 'a' },
    ...changes,
  };
  return new SignJWT(claims).setProtectedHeader({ alg }).sign(secret);
};

describe('a token', () => {
  it('says who may do what, with defaults for what it leaves out', async () => {
    const { token, expiresAt } = await tokens.issue({ identity: 'anna', grants: { room: 'a' }, ttlS: 60 });
    expect(await tokens.verify(token)).toMatchObject({
      sub: 'anna',
      grants: { room: 'a', join: true, create: false, role: 'member', permissions: {} },
    });
    expect(Date.parse(expiresAt) - clock.now()).toBeLessThanOrEqual(60_000);
  });

  it('is refused with a wrong key, issuer, audience, algorithm, or claims that are none', async () => {
    expect(await code(await forge({}))).toBe('valid');
    for (const token of [
      await forge({}, new Uint8Array(32).fill(1)),
      await forge({ iss: 'somebody' }),
      await forge({ aud: 'else' }),
      await forge({}, new Uint8Array(64).fill(9), 'HS512'),
      await forge({ grants: { room: '../etc' } }),
      await forge({ grants: { room: 'a', role: 'emperor' } }),
      await forge({ jti: undefined }),
      await forge({ exp: undefined }),
      `${Buffer.from('{"alg":"none"}').toString('base64url')}.${(await forge({})).split('.')[1]}.`,
      'nonsense',
      '',
    ]) {
      expect(await code(token)).toBe('room_token_invalid');
    }
  });

  it('ends', async () => {
    const { token } = await tokens.issue({ identity: 'anna', grants: { room: 'a' }, ttlS: 60 });
    clock.advance(59_000);
    expect(await code(token)).toBe('valid');
    clock.advance(10_000);
    expect(await code(token)).toBe('room_token_expired');
  });

  it('lasts no longer than any may', async () => {
    const { expiresAt } = await tokens.issue({ identity: 'anna', grants: { room: 'a' }, ttlS: 10 ** 9 });
    expect(Date.parse(expiresAt) - clock.now()).toBeLessThanOrEqual(30 * 86_400_000);
  });

  it('that is taken back by its id leaves others alone', async () => {
    const one = await tokens.issue({ identity: 'ben', grants: { room: 'a' } });
    const other = await tokens.issue({ identity: 'ben', grants: { room: 'a' } });
    await tokens.revoke(one);
    await tokens.revoke(one);
    expect([await code(one.token), await code(other.token)]).toEqual(['room_token_revoked', 'valid']);
    expect(putOut).toContainEqual({ id: one.id });
  });

  it('of somebody who was put out is void if it was made before, in that room alone', async () => {
    const before = await tokens.issue({ identity: 'carl', grants: { room: 'a' } });
    const elsewhere = await tokens.issue({ identity: 'carl', grants: { room: 'b' } });
    const another = await tokens.issue({ identity: 'dora', grants: { room: 'a' } });
    await tokens.revoke({ room: 'a', identity: 'carl' });
    clock.advance(2);
    const after = await tokens.issue({ identity: 'carl', grants: { room: 'a' } });
    expect([
      await code(before.token),
      await code(elsewhere.token),
      await code(another.token),
      await code(after.token),
    ]).toEqual(['room_token_revoked', 'valid', 'valid', 'valid']);
  });

  it('is not made with grants that are none', async () => {
    await expect(tokens.issue({ identity: 'x', grants: { room: 'no spaces' } })).rejects.toMatchObject({
      code: 'invalid_input',
    });
    await expect(tokens.issue({ identity: '', grants: { room: 'a' } })).rejects.toMatchObject({
      code: 'invalid_input',
    });
  });
});
