import { newId } from '@backlot/contract';
import { describe, expect, it } from 'vitest';
import { issuedAt } from './issued-at.ts';

describe('when a token was made', () => {
  it('is known to the millisecond when its id was made in the second that it claims', () => {
    const at = 4_102_444_800_789;
    expect(issuedAt({ iat: Math.floor(at / 1_000), jti: newId(at) })).toBe(at);
  });

  it('is the second that it claims when the id is of another time', () => {
    expect(issuedAt({ iat: 1_700_000_000, jti: newId(4_202_444_800_789) })).toBe(1_700_000_000_000);
  });
});
