import { Id, PhraseParams, Reason } from '@backlot/contract';
import { z } from 'zod';
import { PlayerRole } from './tickets.ts';

/**
 * What our own page and the server say beside Epic's messages. Only clients that asked for it with `extensions=1` in the
 * address of the player socket get any of these; Epic's page ignores types that it does not know.
 *
 * Addresses: `/signal/player/{app}?extensions=1[&ticket=…][&session=…][&resume=…][&role=…][&sessionId=…]`
 *   ticket     player ticket
 *   session    session token of `backlot.session`, to come back
 *   resume     the `stream` of `backlot.ready`, with `session`, when the peer connection is still alive: media is left
 *              alone, neither `config` nor `streamerList` is sent
 *   role       `viewer`: joins a session to watch, also with a ticket that would make a controller. Whoever opens a
 *              session is in control of it
 *   sessionId  the session to watch, where the app lets anyone watch
 */
const sentence = { code: z.string(), message: z.string(), params: PhraseParams.default({}) };

export const ServerExtension = z.discriminatedUnion('type', [
  /** First, as soon as the player is let in; again when the token is renewed. */
  z.object({
    type: z.literal('backlot.session'),
    sessionId: Id.nullable(),
    playerId: z.string(),
    /** For coming back; null where there is no coming back. */
    token: z.string().nullable(),
    role: PlayerRole,
    app: z.object({ slug: z.string(), name: z.string() }),
  }),
  /** A place in the queue, from 1; when it changes, and every few seconds. */
  z.object({
    type: z.literal('backlot.queued'),
    position: z.number().int().positive(),
    waitedMs: z.number().nonnegative(),
    estimateMs: z.number().nonnegative().nullable(),
  }),
  z.object({
    type: z.literal('backlot.starting'),
    step: z.enum(['placing', 'starting', 'connecting']),
    /** What it waits for, when it waits. */
    reason: Reason.nullable(),
  }),
  /** Right before `config` and `streamerList`. */
  z.object({ type: z.literal('backlot.ready'), stream: z.string() }),
  z.object({
    type: z.literal('backlot.role'),
    role: PlayerRole,
    controllers: z.number().int().nonnegative(),
    viewers: z.number().int().nonnegative(),
  }),
  /** For the one in control: another player of the session would like to have it. */
  z.object({ type: z.literal('backlot.controlWanted'), by: z.string(), name: z.string() }),
  /** `endsInMs` null takes the warning back. */
  z.object({
    type: z.literal('backlot.warning'),
    why: z.enum(['idle', 'limit']),
    endsInMs: z.number().nonnegative().nullable(),
  }),
  /** Right before the close that ends it. `reason` is a session's end. */
  z.object({ type: z.literal('backlot.ended'), reason: z.string(), ...sentence }),
  /** Something that was asked for is refused; the socket stays open unless a close follows. */
  z.object({ type: z.literal('backlot.refused'), ...sentence }),
]);
export type ServerExtension = z.infer<typeof ServerExtension>;
export type ServerExtensionInput = z.input<typeof ServerExtension>;

/** What is smaller than any figure that a browser means is nothing; the database's columns know no such numbers. */
const round = (value: number): number => (value < 1e-9 ? 0 : value);
const figure = z.number().nonnegative().max(1e12).transform(round).nullable().default(null);
const share = z.number().min(0).max(1).transform(round).nullable().default(null);
const count = z
  .number()
  .int()
  .nonnegative()
  .max(2 ** 31 - 1)
  .nullable()
  .default(null);

/** What the page may send. Anything else that begins with `backlot.` is ignored. */
export const PlayerExtension = z.discriminatedUnion('type', [
  /** The person does something. At most every few seconds. */
  z.object({ type: z.literal('backlot.activity') }),
  /** What the browser knows of the stream, every few seconds; null where it doesn't. */
  z.object({
    type: z.literal('backlot.stats'),
    bitrateBps: figure,
    rttMs: figure,
    fps: figure,
    /** 0..1 */
    lostFraction: share,
    jitterMs: figure,
    width: count,
    height: count,
    framesDecoded: count,
    framesDropped: count,
    relayed: z.boolean().nullable().default(null),
  }),
  z.object({ type: z.literal('backlot.takeControl') }),
  z.object({ type: z.literal('backlot.handOver'), to: z.string().min(1).max(32) }),
  z.object({ type: z.literal('backlot.end') }),
]);
export type PlayerExtension = z.infer<typeof PlayerExtension>;
