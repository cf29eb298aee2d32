import type { LimitRule } from './rate-limiter.ts';

/** How often one address may call a route. */
export interface RouteLimit extends LimitRule {
  /** Routes with the same name share their allowance. */
  readonly name: string;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered 429 with `Retry-After` beyond it. For routes that check secrets or make things for strangers. */
    limit?: RouteLimit;
    /** The answer holds a secret that is told once, so it is never kept for `Idempotency-Key`. */
    secretAnswer?: boolean;
    /** Signs somebody in: refused when a page of another origin asks for it. */
    setsCookie?: boolean;
    /** Answers as long as the client stays: not counted as a slow request, ended first when the server closes. */
    stream?: boolean;
    /** The path holds a secret: logs and problems name the route by its pattern. */
    secretPath?: boolean;
  }
}
