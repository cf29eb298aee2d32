import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Bytes of AES-GCM's nonce and tag. */
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Encrypts a service's key for the database: to check a signature the key itself is needed, so a hash would not do; a copy of
 * the database alone then gives nobody the keys of the tenants.
 * @param secret 32 bytes
 */
export function seal(key: string, secret: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', secret, nonce);
  const text = Buffer.concat([cipher.update(key, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]);
}

/** @throws when it was sealed with another secret, or changed since */
export function unseal(sealed: Buffer, secret: Uint8Array): string {
  const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(0, nonceBytes));
  decipher.setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes));
  return Buffer.concat([decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()]).toString(
    'utf8',
  );
}
