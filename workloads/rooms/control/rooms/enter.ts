import { BacklotError } from '@backlot/contract';
import { roomErrors } from '../../contract/errors.ts';
import { permissionsOf } from '../../contract/grants.ts';
import type { EntryRequest } from '../ports.ts';
import { tokenFits } from '../tokens/token-fits.ts';
import { decideEntry } from './decisions/entry.ts';
import type { LiveRoom } from './live-room.ts';
import { Member } from './member.ts';
import { depart, tellLobby } from './presence.ts';
import { RoomSeat } from './seat.ts';
import { type RoomService, sessionHash } from './service.ts';

/**
 * Gives somebody a seat in a room: one seat for each identity, so whoever had it before is put out first, and the media
 * host has let go of everything of theirs before the new one begins.
 */
export async function enter(service: RoomService, request: EntryRequest): Promise<RoomSeat> {
  return await inTurn(service, `${request.room} ${request.identity}`, async () => {
    const room = await find(service, request);
    if (request.claims) await service.tokens.recheck(request.claims);
    const banned =
      request.claims === null &&
      request.via === 'signalling' &&
      (await service.tokens.banned(room.row.name, request.identity, room.row.created_at));
    return await seatIn(service, room, request, banned);
  });
}

async function find(service: RoomService, request: EntryRequest): Promise<LiveRoom> {
  if (!request.createIn) return await service.room(request.room);
  const { projectId, settings } = request.createIn;
  return await service.roomOrNew(
    { name: request.room, projectId, ...(settings ? { settings } : {}) },
    request.name || request.identity,
  );
}

async function seatIn(
  service: RoomService,
  room: LiveRoom,
  request: EntryRequest,
  banned: boolean,
): Promise<RoomSeat> {
  const { identity, claims } = request;
  if (claims && !tokenFits(claims, { name: room.row.name, projectId: room.row.project_id })) {
    throw new BacklotError(roomErrors.room_token_invalid, { params: { reason: 'it is for another room' } });
  }
  const before = room.members.get(identity);
  const { settings, state, locked } = room.row;
  // Of two that came at once, the one that came later has it, whoever was verified sooner.
  if (before?.arrival !== undefined && request.arrival !== undefined && before.arrival > request.arrival) {
    throw new BacklotError(roomErrors.participant_exists, { params: { identity } });
  }
  const decision = decideEntry({
    room: {
      state: room.closed ? 'closed' : state,
      locked,
      lobby: settings.lobby,
      maxParticipants: settings.maxParticipants,
    },
    role: request.role,
    admin: request.permissions.admin,
    present: before?.joined ?? false,
    participants: room.size,
    banned,
    admitted: room.admitted.has(identity),
    program: request.passesLobby === true || (request.via === 'api' && wasLetIn(room, claims?.sub)),
  });
  // Whoever comes by HTTP has no ears for being let in later.
  const waits = decision === 'lobby' && request.via === 'signalling';
  if (decision !== 'enter' && !waits) throw refusal(decision, room, identity);
  const host = request.hostIfFirst === true && [...room.members.values()].every((one) => one === before);
  if (before) await depart(room, before, { reason: 'replaced' });
  const member = new Member({
    identity,
    person: request.person ?? claims?.sub ?? null,
    name: request.name,
    role: host ? 'host' : request.role,
    permissions: host ? permissionsOf('host') : request.permissions,
    metadata: request.metadata ?? '',
    via: request.via,
    tokenId: request.claims?.jti ?? null,
    language: request.language ?? 'en',
    sessionHash: request.sessionId === undefined ? null : sessionHash(request.sessionId),
    joinedAt: new Date(service.kernel.clock.now()),
    listener: request.listener ?? null,
  });
  member.resumable = request.resumable ?? false;
  member.arrival = request.arrival;
  member.waiting = decision === 'lobby';
  room.members.set(identity, member);
  if (member.waiting) tellLobby(room);
  // The place is looked for while the client is still busy with its own beginning.
  else room.place.ready().catch(() => undefined);
  return new RoomSeat(room, member);
}

/** Whether the one whom a token is for has been let in: what comes by it beside them does not wait again. */
function wasLetIn(room: LiveRoom, subject: string | undefined): boolean {
  if (subject === undefined) return false;
  return room.admitted.has(subject) || room.members.get(subject)?.joined === true;
}

function refusal(decision: string, room: LiveRoom, identity: string): BacklotError {
  const { name, settings } = room.row;
  switch (decision) {
    case 'banned':
      return new BacklotError(roomErrors.participant_banned, { params: { identity } });
    case 'lobby':
      return new BacklotError(roomErrors.room_lobby, { params: { room: name } });
    case 'locked':
      return new BacklotError(roomErrors.room_locked, { params: { room: name } });
    case 'full':
      return new BacklotError(roomErrors.room_full, {
        params: { room: name, limit: settings.maxParticipants },
      });
    case 'draining':
      return new BacklotError(roomErrors.room_draining, { params: { room: name }, retryAfterS: 3 });
    default:
      return new BacklotError(roomErrors.room_not_found, { params: { room: name } });
  }
}

const turns = new WeakMap<RoomService, Map<string, Promise<unknown>>>();

/** One after the other for each identity in a room: nobody is let in while an older one of theirs is put out. */
async function inTurn<T>(service: RoomService, key: string, work: () => Promise<T>): Promise<T> {
  let line = turns.get(service);
  if (!line) {
    line = new Map();
    turns.set(service, line);
  }
  const before = line.get(key) ?? Promise.resolve();
  const turn = before.then(work, work);
  line.set(key, turn);
  try {
    return await turn;
  } finally {
    if (line.get(key) === turn) line.delete(key);
  }
}
