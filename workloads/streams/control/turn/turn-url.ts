/** Where a TURN or STUN server is, and how it is reached (RFC 7064, RFC 7065). */
export interface TurnAddress {
  readonly kind: 'stun' | 'turn';
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly host: string;
  readonly port: number;
}

const form =
  /^(stun|turn|turns|stuns):(\[[0-9a-f:.]+\]|[^\s:?[\]/@]+)(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/i;

/** Reads `turn:host:port?transport=tcp`, `turns:host`, `stun:host`. Undefined for anything else. */
export function parseTurnUrl(url: string): TurnAddress | undefined {
  const [, scheme, host, port, transport] = form.exec(url.trim()) ?? [];
  if (scheme === undefined || host === undefined) return undefined;
  const isTls = scheme.toLowerCase().endsWith('s');
  const number = port === undefined ? (isTls ? 5349 : 3478) : Number(port);
  if (number < 1 || number > 65_535) return undefined;
  // TURN over DTLS is hardly spoken by anybody; `turns:` means TLS over TCP.
  if (isTls && transport?.toLowerCase() === 'udp') return undefined;
  return {
    kind: scheme.toLowerCase().startsWith('turn') ? 'turn' : 'stun',
    transport: isTls ? 'tls' : transport?.toLowerCase() === 'tcp' ? 'tcp' : 'udp',
    host: host.replace(/^\[|\]$/g, ''),
    port: number,
  };
}
