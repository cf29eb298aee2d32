import { z } from 'zod';

/**
 * The three kinds of message on the wire, those of protoo: JSON, one in a text frame.
 *
 * Sessions of our own clients carry `seq` on everything that the server sends, from 1 on without gaps; a client that
 * comes back says the last one it has, and gets the rest. `traceparent` (W3C) joins a request to a trace.
 */

/** Bytes of one message from a client. */
export const maxFrameBytes = 256 * 1_024;

const requestId = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const traceparent = z
  .string()
  .regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/)
  .optional();

export const RequestFrame = z.object({
  request: z.literal(true),
  id: requestId,
  method: z.string().min(1).max(100),
  data: z.unknown().optional(),
  traceparent,
});
export const ResponseFrame = z.union([
  z.object({ response: z.literal(true), id: requestId, ok: z.literal(true), data: z.unknown().optional() }),
  z.object({
    response: z.literal(true),
    id: requestId,
    ok: z.literal(false).default(false),
    errorCode: z.number().optional(),
    errorReason: z.string().max(2_000).optional(),
  }),
]);
export const NotificationFrame = z.object({
  notification: z.literal(true),
  method: z.string().min(1).max(100),
  data: z.unknown().optional(),
});
export const ClientFrame = z.union([RequestFrame, ResponseFrame, NotificationFrame]);
export type ClientFrame = z.infer<typeof ClientFrame>;

/** What the server sends; `errorData` has our stable code beside the number and the sentence. */
export type ServerFrame =
  | { request: true; id: number; method: string; data: object; seq?: number }
  | { response: true; id: number; ok: true; data: object; seq?: number }
  | {
      response: true;
      id: number;
      ok: false;
      errorCode: number;
      errorReason: string;
      errorData: { code: string; params: object; retryable: boolean };
      seq?: number;
    }
  | { notification: true; method: string; data: object; seq?: number };

/** How long the other side has to answer a request of ours. Milliseconds. */
export const requestTimeoutMs = 20_000;

/** How long a session waits for its client to come back. Milliseconds. */
export const resumeMs = 30_000;

/**
 * Close codes. 4000 tells protoo's client not to come back; 1012 tells it to come back and join anew.
 */
export const closeCodes = {
  /** For good: kicked, room closed, replaced, left. */
  ended: 4000,
  /** The session is gone or its place is: connect and join again. */
  again: 1012,
  /** Too much was sent too fast. */
  tooMuch: 1008,
  /** The client does not read what it is sent. */
  slow: 4008,
  /** No, and again wouldn't help: no right to be here. */
  refused: 4003,
} as const;

/** The sub-protocol; a token may stand beside it as `backlot.token.<jwt>`, for browsers can set no header. */
export const subprotocol = 'protoo';
export const tokenProtocol = 'backlot.token.';

/** Told to clients when they connect, as the demos do. The same as in `package.json`; a test holds it to that. */
export const mediasoupVersion = '3.27.1';
