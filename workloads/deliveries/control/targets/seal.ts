import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { z } from 'zod';

/** The purpose under which the installation's key is derived. */
export const sealPurpose = 'deliveries.secrets';

const version = 1;
const nonceBytes = 12;
const tagBytes = 16;
const Secrets = z.record(z.string(), z.string());

/**
 * Seals secrets with AES-256-GCM (NIST SP 800-38D): a version, a random nonce of 96 bits, the tag, the text. The target's id
 * is authenticated with it, so that a sealed text that is moved to another row opens nowhere.
 */
export function seal(secrets: Readonly<Record<string, string>>, key: Uint8Array, targetId: string): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(targetId));
  const text = Buffer.concat([cipher.update(JSON.stringify(secrets), 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.from([version]), nonce, cipher.getAuthTag(), text]);
}

/** @throws Error when it was changed, sealed for another target, or with the key of another installation */
export function unseal(sealed: Uint8Array, key: Uint8Array, targetId: string): Record<string, string> {
  const bytes = Buffer.from(sealed);
  if (bytes[0] !== version || bytes.length < 1 + nonceBytes + tagBytes)
    throw new Error('These are no secrets.');
  const nonce = bytes.subarray(1, 1 + nonceBytes);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(targetId));
  decipher.setAuthTag(bytes.subarray(1 + nonceBytes, 1 + nonceBytes + tagBytes));
  const text = Buffer.concat([decipher.update(bytes.subarray(1 + nonceBytes + tagBytes)), decipher.final()]);
  return Secrets.parse(JSON.parse(text.toString('utf8')));
}
