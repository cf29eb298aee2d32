import type { FastifyReply, FastifyRequest } from 'fastify';

const methods = 'POST, PATCH, DELETE, OPTIONS';
const exposed = 'Location, ETag, Link, Retry-After, Accept-Patch';

/**
 * Lets pages of other origins publish and play (RFC 9725, 4.1): they prove themselves by a token in a header, which no
 * browser adds by itself, and never by a cookie, so nothing of ours is opened to them.
 */
export function allowOtherOrigins(request: FastifyRequest, reply: FastifyReply): void {
  const { origin } = request.headers;
  if (origin === undefined) return;
  reply.headers({
    'access-control-allow-origin': '*',
    'access-control-expose-headers': exposed,
    'cross-origin-resource-policy': 'cross-origin',
  });
}

/** The answer to OPTIONS: what a browser asks before it lets a page send, and what a client may post. */
export function answerOptions(
  request: FastifyRequest,
  reply: FastifyReply,
  accept: Record<string, string>,
): void {
  allowOtherOrigins(request, reply);
  reply.headers({
    allow: methods,
    'access-control-allow-methods': methods,
    // A client in use (Eyevinn’s) sends the tag by its old name; refused it would not even be told why.
    'access-control-allow-headers': 'Authorization, Content-Type, If-Match, ETag',
    'access-control-max-age': '86400',
    ...accept,
  });
}
