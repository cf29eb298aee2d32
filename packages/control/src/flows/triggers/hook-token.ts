import { createHmac, timingSafeEqual } from 'node:crypto';

/** Purpose of the installation's key that these are made with. */
export const hookKeyPurpose = 'flows.hooks';

/**
 * The secret part of a flow's webhook address. It is worked out from the flow's id and the installation's key: it is
 * nowhere stored, the same on every replica and after every restart, and says which flow it is for.
 */
export function hookToken(key: Uint8Array, flowId: string): string {
  const id = Buffer.from(flowId.replaceAll('-', ''), 'hex');
  return Buffer.concat([id, macOf(key, id)]).toString('base64url');
}

/** The flow that a token is for; undefined when it is none of ours. Compared in constant time. */
export function flowOfToken(key: Uint8Array, token: string): string | undefined {
  if (!/^[A-Za-z0-9_-]{64}$/.test(token)) return undefined;
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== 48) return undefined;
  const id = bytes.subarray(0, 16);
  if (!timingSafeEqual(bytes.subarray(16), macOf(key, id))) return undefined;
  const hex = id.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function macOf(key: Uint8Array, id: Uint8Array): Buffer {
  return createHmac('sha256', key).update('flow-hook').update(id).digest();
}
