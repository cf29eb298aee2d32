import { BacklotError } from '@backlot/contract';
import { type DeliveryTarget, deliveryErrors } from '../../contract.ts';

/** Whom a target's secrets are told to, and how well they are hidden on the way. */
export function destinationOf(settings: Readonly<Record<string, unknown>>): string {
  const { endpoint, url, server, host, port, security } = settings;
  const origins = [endpoint, url, server].map((address) =>
    typeof address === 'string' ? new URL(address).origin : null,
  );
  return JSON.stringify([...origins, host ?? null, port ?? null, security ?? null]);
}

/**
 * Secrets can be set and never read; whoever may change a target must not read them by sending them to a place of their
 * own. @throws delivery_target_secrets_needed unless all of them are given, or taken away
 */
export function refuseOldSecrets(
  { name, secretNames }: Pick<DeliveryTarget, 'name' | 'secretNames'>,
  given: Readonly<Record<string, string | null>> = {},
): void {
  const kept = secretNames.filter((one) => !Object.hasOwn(given, one));
  if (kept.length === 0) return;
  throw new BacklotError(deliveryErrors.delivery_target_secrets_needed, {
    params: { name, secrets: kept.join(', ') },
    pointer: 'body.secrets',
  });
}
