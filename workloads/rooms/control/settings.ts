import { randomBytes } from 'node:crypto';

/** How rooms are set up on this control plane; read from its environment once. */
export interface RoomsSettings {
  /**
   * Anybody may enter and open rooms by name, without a token, as with the mediasoup-demo. For a machine of one's own;
   * `backlot up` turns it on.
   */
  readonly open: boolean;
  /** Who knows it may impair the network of their own session; null: nobody may. */
  readonly throttleSecret: string | null;
  /** Milliseconds that a session waits for its client to come back. */
  readonly resumeMs: number;
  /** Milliseconds that somebody may be connected without having joined. */
  readonly joinMs: number;
}

const defaults: Omit<RoomsSettings, 'open' | 'throttleSecret'> = { resumeMs: 30_000, joinMs: 60_000 };

/**
 * @param env `BACKLOT_ROOMS_OPEN` (1 or 0; else as the whole installation) and `BACKLOT_ROOMS_THROTTLE_SECRET` (or the
 * demo's `NETWORK_THROTTLE_SECRET`)
 * @param openMode whether the installation's open mode is on
 */
export function readRoomsSettings(
  env: Readonly<Record<string, string | undefined>>,
  openMode = false,
): RoomsSettings {
  const said = env.BACKLOT_ROOMS_OPEN?.trim().toLowerCase();
  const open =
    said === undefined || said === '' ? openMode : said === '1' || said === 'true' || said === 'on';
  const secret = (env.BACKLOT_ROOMS_THROTTLE_SECRET ?? env.NETWORK_THROTTLE_SECRET)?.trim();
  return { ...defaults, open, throttleSecret: secret ? secret : null };
}

/** An unguessable id of a session, 256 bits. */
export function newSessionId(): string {
  return randomBytes(32).toString('base64url');
}
