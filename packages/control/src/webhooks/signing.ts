import { createHmac, randomBytes } from 'node:crypto';

/** Secrets as the Standard Webhooks specification writes them: `whsec_` and base64 of 24 to 64 random bytes. */
export const secretPrefix = 'whsec_';

export function newWebhookSecret(random: (size: number) => Buffer = randomBytes): string {
  return `${secretPrefix}${random(32).toString('base64')}`;
}

/**
 * The headers by which a receiver knows that a delivery is ours, unaltered and new (Standard Webhooks 1.0,
 * "Webhook Headers" and "Signature scheme"): HMAC-SHA256 over id, time and body.
 * @param id the same for every attempt at one delivery, so that a receiver can tell repetitions
 * @param timestampS of this attempt, in seconds since 1970
 */
export function signatureHeaders(
  secret: string,
  id: string,
  timestampS: number,
  body: string,
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const key = Buffer.from(secret.replace(secretPrefix, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestampS}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampS),
    'webhook-signature': `v1,${signature}`,
  };
}
