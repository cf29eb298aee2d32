import { randomBytes } from 'node:crypto';
import { BacklotError } from '@backlot/contract';
import type { Kernel } from '@backlot/control/workload';
import type { FastifyRequest } from 'fastify';
import { roomErrors } from '../../contract/errors.ts';
import { permissionsOf } from '../../contract/grants.ts';
import type { Room } from '../../contract/room.ts';
import type { EntryRequest, Rooms } from '../ports.ts';
import { tokenFits } from '../tokens/token-fits.ts';

/** Who comes by HTTP, and with which rights it enters a room. */
export type Guest = Pick<
  EntryRequest,
  'identity' | 'name' | 'role' | 'permissions' | 'metadata' | 'claims' | 'passesLobby'
>;

export interface GuestDeps {
  readonly kernel: Kernel;
  readonly rooms: Rooms;
  /** Rooms may be entered without a token (`BACKLOT_ROOMS_OPEN`). */
  readonly open: boolean;
}

/**
 * Finds out who a program acts for: a room token, else an account or API token that may issue one, else nobody in
 * particular where rooms are open. `identity` is what the program calls itself, where its token does not say.
 * @throws room_token_required, room_token_invalid, room_not_found
 */
export async function guestOf(
  { kernel, rooms, open }: GuestDeps,
  request: FastifyRequest,
  ref: string,
  identity?: string,
): Promise<Guest> {
  const { actor } = request;
  const chosen = identity ?? `api-${randomBytes(6).toString('hex')}`;
  if (actor.kind === 'account' || actor.kind === 'token') {
    const room = await rooms.get(ref);
    if (kernel.access.may(actor, 'rooms.join', room.projectId)) {
      return {
        identity: chosen,
        name: actor.name,
        role: 'member',
        permissions: permissionsOf('member'),
        claims: null,
        passesLobby: true,
      };
    }
  }
  const token = bearerOf(request);
  if (token !== undefined) {
    const claims = await rooms.tokens.verify(token);
    const { grants, sub } = claims;
    const room = await openRoom(rooms, ref);
    // Of one that is not there nothing is said but whether the token speaks of it: it may be allowed to open it.
    if (room ? !tokenFits(claims, room) : grants.room !== ref) {
      throw new BacklotError(roomErrors.room_token_invalid, { params: { reason: 'it is for another room' } });
    }
    return {
      identity: sub,
      name: grants.name ?? sub,
      role: grants.role,
      permissions: permissionsOf(grants.role, grants.permissions),
      claims,
      // With a token that lets people in by signalling it is not for a program to go around the lobby.
      passesLobby: !grants.join,
      ...(grants.metadata === undefined ? {} : { metadata: grants.metadata }),
    };
  }
  if (!open) throw new BacklotError(roomErrors.room_token_required);
  return {
    identity: chosen,
    name: chosen,
    role: 'member',
    permissions: permissionsOf('member'),
    claims: null,
  };
}

async function openRoom(rooms: Rooms, ref: string): Promise<Room | undefined> {
  try {
    return await rooms.get(ref);
  } catch (error) {
    if (error instanceof BacklotError && error.kind.status === 404) return undefined;
    throw error;
  }
}

function bearerOf(request: FastifyRequest): string | undefined {
  return /^Bearer\s+(\S{1,8192})\s*$/i.exec(request.headers.authorization ?? '')?.[1];
}
