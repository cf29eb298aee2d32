import type { Clock } from '@backlot/contract/clock';
import { type RoomAddress, roomOfToken } from './address.ts';
import type { BackOff } from './back-off.ts';
import { RoomError } from './errors.ts';
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
  /** In which the server words its refusals: `en`, `zh-CN`; the browser's own when left out. */
  readonly language?: string;
  /** Told to others: `{name: 'Chromium', version: '156'}`. */
  readonly device?: Readonly<Record<string, unknown>>;
  /** Gives up connecting. */
  readonly signal?: AbortSignal;
  readonly backOff?: BackOff;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly openSocket?: OpenSocket;
}

/** Where to connect now: as the options say, or to the room that one was sent to. @throws RoomError when none is named. */
export async function addressOf(
  options: RoomOptions,
  target: { readonly room: string; readonly token: string } | undefined,
): Promise<RoomAddress> {
  const { url, identity, language, token: own } = options;
  const token = target?.token ?? (typeof own === 'function' ? await own() : own);
  const room = target?.room ?? options.room ?? (token === undefined ? undefined : roomOfToken(token));
  if (room === undefined) throw new RoomError('refused', 'No room was named.', { reason: 'no_room' });
  return {
    url,
    room,
    ...(token === undefined ? {} : { token }),
    ...(identity === undefined ? {} : { identity }),
    ...(language === undefined ? {} : { language }),
  };
}
