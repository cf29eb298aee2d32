/** Where a room is, and who one is there. */
export interface RoomAddress {
  /** Of the installation: `https://studio.example`; the signalling's own address (`wss://…/rooms/ws`) is taken, too. */
  readonly url: string;
  readonly room: string;
  /** A token for this room; without one only rooms that are open to everybody can be joined. */
  readonly token?: string;
  /** Without a token: who one wants to be; made by the server when left out. */
  readonly identity?: string;
  /** In which the server words its refusals: `en`, `zh-CN`. */
  readonly language?: string;
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
  if (address.language !== undefined) url.searchParams.set('lang', address.language);
  const token = address.token === undefined ? [] : [`backlot.token.${address.token}`];
  return { url: url.href, protocols: ['protoo', ...token] };
}

interface ReadClaims {
  readonly grants?: { readonly room?: unknown; readonly name?: unknown };
}

/** The room that a token is for. Nothing is verified here; that is the server's. */
export function roomOfToken(token: string): string | undefined {
  const room = claimsOf(token)?.grants?.room;
  return typeof room === 'string' ? room : undefined;
}

/** The name that a token was made out to. */
export function nameOfToken(token: string): string | undefined {
  const name = claimsOf(token)?.grants?.name;
  return typeof name === 'string' ? name : undefined;
}

/** A JWT's payload: base64url of UTF-8 of JSON. */
function claimsOf(token: string): ReadClaims | undefined {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as ReadClaims;
  } catch {
    return undefined;
  }
}
