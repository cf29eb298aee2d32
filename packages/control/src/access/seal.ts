import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Bytes of AES-GCM's nonce and tag. */
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Encrypts what has to be known again later – a service's key to check a signature with, an address with a token to dial –
 * so that a hash would not do: a copy of the database alone then gives nobody these. AES-256-GCM (NIST SP 800-38D): a
 * random nonce of 96 bits, the tag, the text.
 * @param secret 32 bytes, of `Kernel.key`
 */
export function seal(text: string, secret: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', secret, nonce);
  const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), encrypted]);
}

/** @throws when it was sealed with another secret, or changed since */
export function unseal(sealed: Buffer, secret: Uint8Array): string {
  const nonce = sealed.subarray(0, nonceBytes);
  const decipher = createDecipheriv('aes-256-gcm', secret, nonce, { authTagLength: tagBytes });
  decipher.setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes));
  return Buffer.concat([decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()]).toString(
    'utf8',
  );
}
