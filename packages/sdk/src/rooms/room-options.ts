import type { Clock } from '@backlot/contract/clock';
import type { BackOff } from './back-off.ts';
import type { MediaOptions } from './media.ts';
import type { OpenSocket } from './socket.ts';

/** How one joins a room. */
export interface RoomOptions extends Omit<MediaOptions, 'clock'> {
  /** Of the installation: `https://studio.example`. */
  readonly url: string;
  /** Known from the token when there is one. */
  readonly room?: string;
  /** Or a function that gets one, for connections that outlive it. */
  readonly token?: string | (() => Promise<string>);
  /** Without a token, where the installation allows that. */
  readonly identity?: string;
  readonly displayName?: string;
  /** Told to others: `{name: 'Chromium', version: '156'}`. */
  readonly device?: Readonly<Record<string, unknown>>;
  /** Gives up connecting. */
  readonly signal?: AbortSignal;
  readonly backOff?: BackOff;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly openSocket?: OpenSocket;
}
