/** What a request says about where it comes from. */
export interface OriginClaim {
  /** The `Origin` header: which page's script sends it (RFC 6454 §7). */
  readonly origin: string | undefined;
  /** The `Host` header: whom the client believes to talk to. */
  readonly host: string | undefined;
  /** The origin of the configured public address. */
  readonly publicOrigin: string;
}

/**
 * Whether a browser's request comes from a page of this installation. Compared with the public address and with
 * the host asked for, because the same installation is often reached by several names (127.0.0.1, localhost, a
 * name behind a proxy). The scheme of the second is not compared: a proxy in front may have ended TLS.
 */
export function isSameOrigin({ origin, host, publicOrigin }: OriginClaim): boolean {
  if (origin === undefined || origin === 'null') return false;
  if (origin === publicOrigin) return true;
  if (host === undefined || !URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  return (protocol === 'http:' || protocol === 'https:') && originHost === host.toLowerCase();
}
