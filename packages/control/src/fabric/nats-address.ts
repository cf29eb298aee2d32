import type { ConnectionOptions } from '@nats-io/transport-node';

/**
 * What the client needs to know of `nats://user:password@host:4222,nats://other:4222`: it reads no credentials out of
 * addresses itself. A user without a password is a token, as NATS has it.
 */
export function natsAddress(
  url: string,
): Pick<ConnectionOptions, 'servers' | 'user' | 'pass' | 'token' | 'tls'> {
  const addresses = url.split(',').map((part) => new URL(part.trim()));
  const first = addresses[0];
  if (!first) return { servers: [] };
  const user = decodeURIComponent(first.username);
  const pass = decodeURIComponent(first.password);
  return {
    servers: addresses.map(({ host, port }) => (port === '' ? `${host}:4222` : host)),
    ...(user === '' ? {} : pass === '' ? { token: user } : { user, pass }),
    ...(addresses.some(({ protocol }) => protocol === 'tls:') ? { tls: {} } : {}),
  };
}
