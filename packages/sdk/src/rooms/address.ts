/** Where a room is, and who one is there. */
export interface RoomAddress {
  /** Of the installation: `https://studio.example`; the signalling's own address (`wss://…/rooms/ws`) is taken, too. */
  readonly url: string;
  readonly room: string;
  /** A token for this room; without one only rooms that are open to everybody can be joined. */
  readonly token?: string;
  /** Without a token: who one wants to be; made by the server when left out. */
  readonly identity?: string;
}

/**
 * The socket's address and sub-protocols. The token travels as a sub-protocol, because a browser can set no header and
 * an address ends up in logs.
 */
export function socketAddress(address: RoomAddress): {
  readonly url: string;
  readonly protocols: readonly string[];
} {
  const url = new URL(address.url);
  url.protocol = url.protocol === 'https:' || url.protocol === 'wss:' ? 'wss:' : 'ws:';
  if (!url.pathname.endsWith('/rooms/ws')) url.pathname = `${url.pathname.replace(/\/+$/, '')}/rooms/ws`;
  url.hash = '';
  url.searchParams.set('roomId', address.room);
  url.searchParams.set('client', 'backlot');
  if (address.identity !== undefined) url.searchParams.set('peerId', address.identity);
  const token = address.token === undefined ? [] : [`backlot.token.${address.token}`];
  return { url: url.href, protocols: ['protoo', ...token] };
}

/** The room that a token is for, from its payload; nothing is verified here, that is the server's. */
export function roomOfToken(token: string): string | undefined {
  try {
    const payload = token.split('.')[1] ?? '';
    const text = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    const claims = JSON.parse(text) as { grants?: { room?: unknown } };
    return typeof claims.grants?.room === 'string' ? claims.grants.room : undefined;
  } catch {
    return undefined;
  }
}
