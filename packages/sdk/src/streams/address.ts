import type { StreamRole } from './wire.ts';

export interface AddressParts {
  /** Where Backlot is: `https://studio.example`, also below a path; empty for the page's own server. */
  readonly url: string;
  /** Slug of the app. */
  readonly app: string;
  readonly role?: StreamRole | undefined;
  /** A player's ticket, for apps that ask for one. Good for one session. */
  readonly ticket?: string | undefined;
  /** From an earlier connection of the same session. It stands instead of the ticket, which is spent by then. */
  readonly sessionToken?: string | undefined;
  /** The stream whose media still arrives: with the token, the server then leaves the media alone. */
  readonly resume?: string | undefined;
  /** The session to watch, where an app lets anyone watch. */
  readonly watch?: string | undefined;
}

/**
 * Address of the player's socket. The tickets are in it because browsers can't give a WebSocket a header; both are
 * good for one session of one app only.
 * @param base address of the page, for a `url` that is empty or relative.
 * @throws TypeError for a `url` that is none, or neither http(s) nor ws(s).
 */
export function socketAddress(parts: AddressParts, base: string): string {
  const root = new URL(parts.url === '' ? '/' : parts.url, base);
  const protocol = { 'http:': 'ws:', 'https:': 'wss:', 'ws:': 'ws:', 'wss:': 'wss:' }[root.protocol];
  if (protocol === undefined) throw new TypeError(`A stream can't come over ${root.protocol}//`);
  const address = new URL(
    `${protocol}//${root.host}${root.pathname.replace(/\/+$/, '')}/signal/player/${encodeURIComponent(parts.app)}`,
  );
  address.searchParams.set('extensions', '1');
  if (parts.role !== undefined) address.searchParams.set('role', parts.role);
  if (parts.watch !== undefined) address.searchParams.set('sessionId', parts.watch);
  if (parts.sessionToken !== undefined) {
    address.searchParams.set('session', parts.sessionToken);
    if (parts.resume !== undefined) address.searchParams.set('resume', parts.resume);
  } else if (parts.ticket !== undefined) address.searchParams.set('ticket', parts.ticket);
  return address.href;
}

/** Address of the player page of an app; the ticket stands in the fragment, which no server and no log ever sees. */
export function pageAddress(parts: Omit<AddressParts, 'sessionToken' | 'resume'>, base: string): string {
  const root = new URL(parts.url === '' ? '/' : parts.url, base);
  const address = new URL(
    `${root.origin}${root.pathname.replace(/\/+$/, '')}/s/${encodeURIComponent(parts.app)}`,
  );
  if (parts.role !== undefined) address.searchParams.set('role', parts.role);
  if (parts.watch !== undefined) address.searchParams.set('watch', parts.watch);
  if (parts.ticket !== undefined) address.hash = `ticket=${encodeURIComponent(parts.ticket)}`;
  return address.href;
}
