import { createHmac, timingSafeEqual } from 'node:crypto';
import type { MAuthFault } from '../../contract/refusals.ts';

/**
 * MAuth, by which clients of licode's Nuve sign their requests: HMAC-SHA1 over time, nonce, and (where given) user and role,
 * with a service's key; hex, then base64. What it can't do (it signs neither method nor body, and SHA-1) can't be added to
 * clients that exist; what its server left open is closed here: a window of time, nonces that are good once, and a
 * comparison that tells nothing by how long it takes.
 */
export interface MAuth {
  readonly serviceId: string;
  readonly nonce: string;
  /** Milliseconds since 1970, as the client wrote it: what was signed is the text. */
  readonly timestamp: string;
  readonly username: string | undefined;
  readonly role: string | undefined;
  readonly signature: string;
}

/** A request may be so old, or its client's clock so far ahead, in milliseconds. */
export const windowMs = 5 * 60_000;

/** Reads the header. Undefined when a part is missing, stands twice, or is not what it must be. */
export function readMAuth(header: string | undefined): MAuth | undefined {
  if (header === undefined || header.length > 4_096 || !/^MAuth\s/i.test(header)) return undefined;
  const parts = new Map<string, string>();
  for (const pair of header.slice('MAuth'.length).split(',')) {
    const at = pair.indexOf('=');
    if (at < 0) return undefined;
    const name = pair
      .slice(0, at)
      .trim()
      .replace(/^mauth_/, '');
    if (parts.has(name)) return undefined;
    parts.set(
      name,
      pair
        .slice(at + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1'),
    );
  }
  const [serviceId, nonce, timestamp, signature] = ['serviceid', 'cnonce', 'timestamp', 'signature'].map(
    (name) => parts.get(name),
  );
  const [username, role] = [parts.get('username'), parts.get('role')];
  if (parts.get('signature_method') !== 'HMAC_SHA1') return undefined;
  if (!serviceId || !/^[\w-]{1,64}$/.test(serviceId)) return undefined;
  if (!nonce || nonce.length > 64 || !timestamp || !/^\d{1,17}$/.test(timestamp) || !signature)
    return undefined;
  // A role without a name (or the other way round) is not signed, so it is worth nothing.
  if ((username === undefined) !== (role === undefined)) return undefined;
  return { serviceId, nonce, timestamp, username, role, signature };
}

/** What a client with this key would have written as signature. */
export function signMAuth(mauth: Omit<MAuth, 'signature' | 'serviceId'>, key: string): string {
  const { timestamp, nonce, username, role } = mauth;
  const signed = [timestamp, nonce, ...(username === undefined ? [] : [username, role])].join(',');
  return Buffer.from(createHmac('sha1', key).update(signed).digest('hex')).toString('base64');
}

/** Whether the signature is right and of now. That its nonce is new is for the store to say. Pure. */
export function checkMAuth(mauth: MAuth, key: string, nowMs: number): MAuthFault | undefined {
  const expected = Buffer.from(signMAuth(mauth, key));
  const given = Buffer.from(mauth.signature);
  // The lengths are no secret; timingSafeEqual wants them equal.
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'wrong_signature';
  return Math.abs(nowMs - Number(mauth.timestamp)) > windowMs ? 'stale' : undefined;
}
