import { describe, expect, it } from 'vitest';
import { seal, unseal } from './seal.ts';

describe('what was sealed', () => {
  const secret = new Uint8Array(32).fill(7);

  it('is read with the same secret, and with no other', () => {
    const sealed = seal('schlüssel', secret);
    expect(unseal(sealed, secret)).toBe('schlüssel');
    expect(() => unseal(sealed, new Uint8Array(32).fill(8))).toThrow();
    expect(sealed.equals(seal('schlüssel', secret))).toBe(false);
  });

  it('is not read when a bit of it is another, or the end is missing', () => {
    const sealed = seal('schlüssel', secret);
    for (const at of [0, 12, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => unseal(changed, secret)).toThrow();
    }
    for (const length of [0, 5, 20, sealed.length - 1])
      expect(() => unseal(sealed.subarray(0, length), secret)).toThrow();
  });
});
