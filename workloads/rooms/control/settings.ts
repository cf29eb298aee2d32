import { randomBytes } from 'node:crypto';

/** How rooms are set up on this control plane; read from its environment once. */
export interface RoomsSettings {
  /**
   * Anybody may enter and open rooms by name, without a token, as with the mediasoup-demo. For a machine of one's own;
   * `backlot up` turns it on while it listens on loopback only.
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

/** @param env `BACKLOT_ROOMS_OPEN` (1 or 0) and `BACKLOT_ROOMS_THROTTLE_SECRET` */
export function readRoomsSettings(env: Readonly<Record<string, string | undefined>>): RoomsSettings {
  const open = env.BACKLOT_ROOMS_OPEN?.trim().toLowerCase();
  const secret = env.BACKLOT_ROOMS_THROTTLE_SECRET?.trim();
  return { ...defaults, open: open === '1' || open === 'true', throttleSecret: secret ? secret : null };
}

/** An unguessable id of a session, 256 bits. */
export function newSessionId(): string {
  return randomBytes(32).toString('base64url');
}
