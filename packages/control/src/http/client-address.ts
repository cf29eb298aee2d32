import type { IncomingMessage } from 'node:http';
import proxyAddr from '@fastify/proxy-addr';

/**
 * Makes the function that tells who a request comes from: the address of its socket, or, where that is a trusted proxy, what
 * the proxy says in X-Forwarded-For; the same that Fastify does for its own requests. For sockets, which Fastify never sees.
 */
export function createAddressOf(
  trustedProxies: readonly string[] = [],
): (request: IncomingMessage) => string | null {
  if (trustedProxies.length === 0) return (request) => request.socket.remoteAddress ?? null;
  const trust = proxyAddr.compile([...trustedProxies]);
  return (request) => (request.socket.remoteAddress ? proxyAddr(request, trust) : null);
}
