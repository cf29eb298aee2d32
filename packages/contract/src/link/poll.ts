import { z } from 'zod';

/** How long the server holds a poll open when it has nothing to say, in milliseconds. */
export const pollHoldMs = 20_000;
/** Messages in one request or answer; the rest goes with the next. */
export const pollMaxMessages = 100;

/**
 * The link over plain HTTP, for networks that let no WebSocket through. Both directions are numbered from 0 within
 * a session: an answer that was lost on its way is sent again, a request that arrives twice is taken in once.
 */
export const PollRequest = z.object({
  /** The secret told by the first answer; null opens a session. */
  session: z.string().max(100).nullable(),
  /** Number of the first of `messages`. */
  first: z.number().int().nonnegative(),
  /** How many messages of the server have arrived so far. */
  received: z.number().int().nonnegative(),
  /** Envelopes. Each is checked by itself, so that a malformed one doesn't take the others with it. */
  messages: z.array(z.unknown()).max(pollMaxMessages),
  /** Longest time to hold the answer when there is nothing to say. */
  holdMs: z.number().int().nonnegative().max(60_000).default(pollHoldMs),
});
export type PollRequest = z.infer<typeof PollRequest>;

export const PollAnswer = z.object({
  session: z.string(),
  /** Number of the first of `messages`. */
  first: z.number().int().nonnegative(),
  /** How many messages of the node have arrived so far. */
  received: z.number().int().nonnegative(),
  messages: z.array(z.unknown()),
  /** Set when the server has ended the session; open another one. */
  closed: z.object({ code: z.number().int(), reason: z.string() }).optional(),
});
export type PollAnswer = z.infer<typeof PollAnswer>;
