import { createHmac } from 'node:crypto';
import type { Kernel } from '@backlot/control/workload';

/** STUN and TURN servers that clients are told of: the installation's own. */
export type IceServers = Kernel['turn'];

/** Credentials are good for this long, in seconds: a session that is open longer keeps its relay. */
const lifetimeS = 12 * 3_600;

/**
 * `Link` headers with `rel="ice-server"` (RFC 9725, 4.6), with credentials of this session alone (the REST scheme of
 * coturn: the name is when it ends and for whom, the password its HMAC). Pure but for the clock that is handed in.
 */
export function iceServerLinks({ urls, secret }: IceServers, user: string, nowMs: number): string[] {
  const name = `${Math.floor(nowMs / 1_000) + lifetimeS}:${Buffer.from(user).toString('base64url').slice(0, 64)}`;
  return urls.map((url) => {
    const credentials =
      secret !== null && /^turns?:/.test(url)
        ? `; username="${name}"; credential="${createHmac('sha1', secret).update(name).digest('base64')}"; credential-type="password"`
        : '';
    return `<${url}>; rel="ice-server"${credentials}`;
  });
}
