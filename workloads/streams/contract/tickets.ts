import { Id, Timestamp } from '@backlot/contract';
import { z } from 'zod';

/**
 * Tickets are JWTs (HS256, RFC 7519), signed with the installation's key for the purpose `streams.tickets`. They are
 * short, name one thing, and say in `typ` what they are for, so that one can never be used in place of another.
 */
export const ticketPurpose = 'streams.tickets';

/** Who holds it sees the picture (`viewer`), or also has the pointer and the keys (`controller`). */
export const PlayerRole = z.enum(['controller', 'viewer']);
export type PlayerRole = z.infer<typeof PlayerRole>;

/**
 * Stands in the address that an instance's streamer connects to, `/signal/streamer/{ticket}`. Good for as long as the
 * instance is not ended, which the database knows; so it has no time of its own.
 */
export const LaunchClaims = z.object({
  typ: z.literal('launch'),
  /** The instance. */
  sub: Id,
});
export type LaunchClaims = z.infer<typeof LaunchClaims>;

/** Lets one person in, at `/signal/player/{app}`. */
export const PlayerClaims = z.object({
  typ: z.literal('player'),
  /** Id of the app. */
  app: Id,
  role: PlayerRole,
  /** Who it is, in the words of whoever issued it; shown to operators. */
  sub: z.string().max(200),
  /** Joins this session instead of opening one. */
  sid: Id.optional(),
  /** Tries this version, in an instance of its own. */
  version: z.number().int().positive().optional(),
  /** Good for one session only: the second try is refused, reconnecting excepted. */
  once: z.boolean(),
  jti: z.string().max(60),
  iat: z.number(),
  exp: z.number(),
});
export type PlayerClaims = z.infer<typeof PlayerClaims>;

/**
 * Lets a peer of our own (reset, thumbnail) watch one instance. It is nobody's session: it is neither counted nor a sign
 * of life, and the session's players don't learn of it.
 */
export const ServiceClaims = z.object({
  typ: z.literal('service'),
  /** The instance. */
  sub: Id,
  purpose: z.enum(['reset', 'thumbnail']),
  exp: z.number(),
});
export type ServiceClaims = z.infer<typeof ServiceClaims>;

/** Brings a player whose connection broke back to its session. */
export const SessionClaims = z.object({
  typ: z.literal('session'),
  /** The session. */
  sid: Id,
  /** The player in it; a decimal string. */
  pid: z.string().regex(/^\d{1,18}$/),
  exp: z.number(),
});
export type SessionClaims = z.infer<typeof SessionClaims>;

/** Asks for a ticket: `POST /api/v1/streams/tickets`. */
export const TicketRequest = z
  .object({
    /** Slug or id of the app. */
    app: z.string().min(1).max(60),
    role: PlayerRole.default('controller'),
    /** Your own name for the person, shown to operators. */
    subject: z.string().trim().max(200).default(''),
    /** Seconds until it must have been used. A session that has begun lasts longer. */
    ttlSeconds: z.number().int().min(10).max(86_400).default(300),
    /** Join a session that runs; such a ticket never opens one. */
    sessionId: Id.optional(),
    once: z.boolean().default(true),
  })
  .refine((request) => request.sessionId !== undefined || request.role === 'controller', {
    message: 'A viewer joins a session: give sessionId, or ask for the role controller.',
    path: ['sessionId'],
  });
export type TicketRequest = z.infer<typeof TicketRequest>;
export type TicketRequestInput = z.input<typeof TicketRequest>;

export const TicketAnswer = z.object({
  ticket: z.string(),
  /** Address of the player page with the ticket in its fragment, which browsers send to no server. */
  url: z.string(),
  /** Address of the player socket, for players of one's own. */
  socket: z.string(),
  role: PlayerRole,
  expiresAt: Timestamp,
});
export type TicketAnswer = z.infer<typeof TicketAnswer>;
