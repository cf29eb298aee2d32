import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * The console's policy: nothing inline, nothing from elsewhere. `blob:` is for pictures and films that the page
 * made or fetched itself.
 */
export const consolePolicy = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "worker-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "object-src 'none'",
].join('; ');

/** Swagger UI puts style attributes into its markup; its scripts are files. */
export const referencePolicy = consolePolicy.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'");

/** Answers of the API are data: shown by themselves in a browser they may load and run nothing. */
export const apiPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Headers that every answer carries. A route that must differ (a page made to be framed) sets its own. */
export function securityHeaders(secure: boolean): Readonly<Record<string, string>> {
  return {
    'content-security-policy': apiPolicy,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'x-permitted-cross-domain-policies': 'none',
    ...(secure ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  };
}

/** Hook that sets them before anything else can answer. */
export function setSecurityHeaders(headers: Readonly<Record<string, string>>) {
  return (request: FastifyRequest, reply: FastifyReply, next: () => void): void => {
    reply.headers(headers);
    reply.header('x-request-id', request.id);
    // What the API says is never right for long, and some of it is for one reader only.
    if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store');
    next();
  };
}
