import { BacklotError, type Clock, type ErrorKind } from '@backlot/contract';
import { errors as joseErrors, jwtVerify, SignJWT } from 'jose';
import type { z } from 'zod';
import { LaunchClaims, PlayerClaims, ServiceClaims, SessionClaims, streamErrors } from '../../contract.ts';

const algorithm = 'HS256';
/** Nobody's clock but the server's own decides, so nothing has to be forgiven. Longer tickets than this are none. */
const longest = 4_096;

/** Signs and checks tickets of all kinds; knows no database. */
export interface Tickets {
  launch(instanceId: string): Promise<string>;
  player(claims: Omit<PlayerClaims, 'typ' | 'iat'>): Promise<string>;
  service(claims: Omit<ServiceClaims, 'typ'>): Promise<string>;
  session(claims: Omit<SessionClaims, 'typ'>): Promise<string>;
  /** @throws ticket_invalid */
  readLaunch(ticket: string): Promise<LaunchClaims>;
  /** A player's or a service ticket. @throws ticket_invalid, ticket_expired, ticket_foreign */
  readArrival(ticket: string): Promise<PlayerClaims | ServiceClaims>;
  /** @throws ticket_invalid, ticket_expired, ticket_foreign */
  readSession(token: string): Promise<SessionClaims>;
}

export function createTickets(key: () => Promise<Uint8Array>, clock: Clock): Tickets {
  const sign = async (claims: Record<string, unknown>) =>
    new SignJWT(claims).setProtectedHeader({ alg: algorithm, typ: 'JWT' }).sign(await key());

  const read = async (ticket: string): Promise<unknown> => {
    if (ticket.length > longest) throw refused(streamErrors.ticket_invalid);
    try {
      const { payload } = await jwtVerify(ticket, await key(), {
        algorithms: [algorithm],
        currentDate: new Date(clock.now()),
      });
      return payload;
    } catch (cause) {
      if (cause instanceof joseErrors.JWTExpired) throw refused(streamErrors.ticket_expired, cause);
      // A database that is away is no fault of the ticket.
      if (cause instanceof BacklotError) throw cause;
      throw refused(streamErrors.ticket_invalid, cause);
    }
  };
  /** A ticket of ours that is for something else is told apart, because it helps whoever wires it up. */
  const as = <Schema extends z.ZodType>(schema: Schema, payload: unknown): z.output<Schema> => {
    const parsed = schema.safeParse(payload);
    if (parsed.success) return parsed.data;
    throw refused(streamErrors.ticket_foreign, parsed.error);
  };

  return {
    launch: (instanceId) => sign({ typ: 'launch', sub: instanceId } satisfies LaunchClaims),
    player: (claims) => sign({ typ: 'player', iat: Math.floor(clock.now() / 1_000), ...claims }),
    service: (claims) => sign({ typ: 'service', ...claims } satisfies ServiceClaims),
    session: (claims) => sign({ typ: 'session', ...claims } satisfies SessionClaims),
    readLaunch: async (ticket) => as(LaunchClaims, await read(ticket)),
    async readArrival(ticket) {
      const payload = await read(ticket);
      const kind = (payload as { readonly typ?: unknown }).typ;
      return kind === 'service' ? as(ServiceClaims, payload) : as(PlayerClaims, payload);
    },
    readSession: async (token) => as(SessionClaims, await read(token)),
  };
}

function refused(kind: ErrorKind, cause?: unknown): BacklotError {
  return new BacklotError(kind, cause === undefined ? {} : { cause });
}
