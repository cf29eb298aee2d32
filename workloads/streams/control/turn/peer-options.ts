import type { TurnServers } from '@backlot/control/workload';
import type { PeerConnectionOptions } from '../../contract.ts';
import { turnCredentials } from './credentials.ts';

/**
 * How long credentials are good for. A TURN server asks again at every refresh (every few minutes) for as long as media
 * runs, and there is no message to renew them: Epic's page takes one `config`. So they have to outlast a session; the
 * next connection gets new ones.
 */
export const credentialSeconds = 24 * 60 * 60;
/** A streamer keeps its first ones as long as its socket lasts, which is as long as the instance. */
export const streamerCredentialSeconds = 7 * 24 * 60 * 60;

/**
 * What a peer connection is made with. `urls` is always a list, because Epic's page walks over it. With `relayOnly` the
 * browser uses relayed paths alone (the app's switch): for networks where anything else is blocked, and to keep its own
 * addresses from the other side.
 */
export function peerConnectionOptions(request: {
  readonly turn: TurnServers;
  readonly user: string;
  readonly relayOnly: boolean;
  readonly ttlSeconds: number;
  readonly now: number;
}): PeerConnectionOptions {
  const { turn, user, relayOnly, ttlSeconds, now } = request;
  const isTurn = (url: string) => /^turns?:/i.test(url);
  const stun = turn.urls.filter((url) => !isTurn(url));
  const relays = turn.urls.filter(isTurn);
  return {
    iceServers: [
      ...(stun.length > 0 ? [{ urls: stun }] : []),
      ...(relays.length > 0 && turn.secret !== null
        ? [
            {
              urls: relays,
              ...withoutExpiry(turnCredentials({ secret: turn.secret, user, ttlSeconds, now })),
            },
          ]
        : []),
    ],
    ...(relayOnly ? { iceTransportPolicy: 'relay' as const } : {}),
  };
}

function withoutExpiry({ username, credential }: { username: string; credential: string }) {
  return { username, credential };
}
