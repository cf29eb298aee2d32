import { z } from 'zod';

/** Where the peer finds what it is to do: a variable of its environment, which other users of the machine can't read. */
export const peerVariable = 'BACKLOT_PEER';

/**
 * What the peer is asked to do, once, as a program of its own: it joins as a player, does it, and says on one line how it
 * went. Milliseconds.
 */
export const PeerRequest = z.discriminatedUnion('kind', [
  /** Connects to itself, and decodes a frame: proves that WebRTC works on this machine. */
  z.object({ kind: z.literal('probe'), deadlineMs: z.number().int().positive() }),
  /** Sends a message on the data channel and waits for a Response that contains `acknowledge`; for any when null. */
  z.object({
    kind: z.literal('message'),
    url: z.string(),
    type: z.enum(['UIInteraction', 'Command']),
    text: z.string(),
    acknowledge: z.string().nullable(),
    deadlineMs: z.number().int().positive(),
  }),
  /** Writes a picture of the stream, `width` pixels wide at most, as PNG to `file`. */
  z.object({
    kind: z.literal('thumbnail'),
    url: z.string(),
    width: z.number().int().positive(),
    file: z.string(),
    deadlineMs: z.number().int().positive(),
  }),
]);
export type PeerRequest = z.infer<typeof PeerRequest>;

/** Why it did not work: nobody there, no channel, no word, no picture, or this machine has no WebRTC. */
export const peerFaults = ['no_connection', 'no_channel', 'no_answer', 'no_picture', 'no_webrtc'] as const;

export const PeerResult = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    ms: z.number().nonnegative(),
    width: z.number().int().optional(),
    height: z.number().int().optional(),
  }),
  z.object({
    ok: z.literal(false),
    ms: z.number().nonnegative(),
    fault: z.enum(peerFaults),
    detail: z.string().max(500),
  }),
]);
export type PeerResult = z.infer<typeof PeerResult>;
