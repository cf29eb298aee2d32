import { roomOfToken } from '@backlot/sdk/rooms/address';

/** What an address of the page says. */
export interface RoomLink {
  /** Undefined: the address names none. */
  readonly room: string | undefined;
  readonly token: string | undefined;
}

/**
 * `/r/{room}#token=…`; `?token=…` is taken, too. The fragment is better: it is never sent to a server, and so in no
 * log. Pure.
 */
export function readLink(url: URL): RoomLink {
  const fragment = new URLSearchParams(url.hash.replace(/^#/, ''));
  const token = fragment.get('token') ?? url.searchParams.get('token') ?? undefined;
  const named = /^\/r\/([^/]+)\/?$/.exec(url.pathname)?.[1];
  const room = named === undefined ? (token ? roomOfToken(token) : undefined) : decode(named);
  return { room: room === '' ? undefined : room, token: token === '' ? undefined : token };
}

/** The address without the token, for the address bar and for sending on. */
export function withoutToken(url: URL): string {
  const clean = new URL(url);
  clean.hash = '';
  clean.searchParams.delete('token');
  return clean.pathname + clean.search;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
