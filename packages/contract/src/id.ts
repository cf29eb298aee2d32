import { z } from 'zod';

/** Ids are UUIDv7 (RFC 9562 §5.7), made by us: they sort by time of creation and need no database round trip. */
export const Id = z.uuid();
export type Id = z.infer<typeof Id>;

let lastMs = 0;
let counter = 0;

/**
 * A new UUIDv7. Ids made by one process grow strictly, also within one millisecond: the 12 bits of `rand_a`
 * are a counter (RFC 9562 §6.2, method 1) and an overflow borrows from the next millisecond.
 */
export function newId(
  now: number = Date.now(),
  random: Uint8Array = crypto.getRandomValues(new Uint8Array(10)),
): Id {
  if (now > lastMs) {
    lastMs = now;
    // A random start below half of the range leaves room to count and keeps ids of two processes apart.
    counter = (((random[8] ?? 0) << 8) | (random[9] ?? 0)) & 0x7ff;
  } else {
    counter += 1;
    if (counter > 0xfff) {
      lastMs += 1;
      counter = 0;
    }
  }
  const bytes = new Uint8Array(16);
  let ms = lastMs;
  for (let i = 5; i >= 0; i -= 1) {
    bytes[i] = ms % 256;
    ms = Math.floor(ms / 256);
  }
  bytes[6] = 0x70 | (counter >> 8);
  bytes[7] = counter & 0xff;
  for (let i = 0; i < 8; i += 1) bytes[8 + i] = random[i] ?? 0;
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** SHA-256 of some bytes, 64 lower-case hexadecimal digits. It is a blob's name everywhere. */
export const Digest = z.string().regex(/^[0-9a-f]{64}$/, 'A digest is 64 hexadecimal digits (sha-256).');
export type Digest = z.infer<typeof Digest>;
