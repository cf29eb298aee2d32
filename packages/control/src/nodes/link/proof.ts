import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { linkErrors } from '@backlot/contract/errors/link';

/** Length of a raw Ed25519 public key (RFC 8032 §5.1.5). */
const KEY_BYTES = 32;
/** Length of a signature (RFC 8032 §5.1.6). */
const SIGNATURE_BYTES = 64;

/**
 * Reads a node's public key: raw, base64url.
 *
 * @throws join_key_invalid
 */
export function readPublicKey(encoded: string): KeyObject {
  if (Buffer.from(encoded, 'base64url').length === KEY_BYTES) {
    try {
      return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: encoded }, format: 'jwk' });
    } catch {
      // falls through to the typed error
    }
  }
  throw new BacklotError(linkErrors.join_key_invalid);
}

/** Whether `proof` (base64url) is the signature of `text` by the key. */
export function proofFits(publicKey: string, text: string, proof: string): boolean {
  const signature = Buffer.from(proof, 'base64url');
  if (signature.length !== SIGNATURE_BYTES) return false;
  try {
    return verify(null, Buffer.from(text), readPublicKey(publicKey), signature);
  } catch {
    return false;
  }
}
