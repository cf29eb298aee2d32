import { BacklotError } from '@backlot/contract';
import type { Actor } from '@backlot/control/workload';
import type { compatErrors } from '../../contract/compat/errors.ts';
import {
  type NgliveCode,
  type NgliveCommand,
  type NgliveRoom,
  ngliveCodes,
  ngliveMessages,
} from '../../contract/compat/nglive.ts';
import { type NgliveRooms, readRoomId } from './rooms/nglive-rooms.ts';

/** An answer in NGlive's form: `data` with code 0, else `msg`. */
export type NgliveAnswer =
  | { readonly code: 0; readonly data: NgliveRoom | NgliveRoom[] }
  | { readonly code: number; readonly msg: string };

/** Which code an error of ours is; undefined for what NGlive has no code for. */
export function codeOf(error: unknown): Exclude<NgliveCode, 0> | undefined {
  if (!(error instanceof BacklotError)) return undefined;
  switch (error.kind.code) {
    case codes.exists:
      return ngliveCodes.duplicate;
    case codes.blocked:
      return ngliveCodes.blocked;
    case codes.unknown:
      return ngliveCodes.unknown;
    default:
      return undefined;
  }
}
const codes = {
  exists: 'room_exists' satisfies keyof typeof compatErrors,
  blocked: 'room_blocked' satisfies keyof typeof compatErrors,
  unknown: 'room_unknown' satisfies keyof typeof compatErrors,
};

/**
 * Does what a client of NGlive asks for, over HTTP or a socket of either direction. What it can't do is an answer with a code
 * and a sentence, never an exception.
 */
export async function obey(
  rooms: NgliveRooms,
  projectId: string,
  { CMD: command, roomid }: Pick<NgliveCommand, 'CMD' | 'roomid'>,
  actor: Actor,
): Promise<NgliveAnswer> {
  try {
    if (command === 'allroom') return { code: 0, data: await rooms.all(projectId) };
    const roomId = readRoomId(roomid);
    if (roomId === undefined) return fault(ngliveCodes.badRoom);
    return { code: 0, data: await one(rooms, projectId, command, roomId, actor) };
  } catch (error) {
    const code = codeOf(error);
    if (code !== undefined) return fault(code);
    // Others are in the words of our catalogue, with their HTTP status for a code.
    if (error instanceof BacklotError) return { code: error.kind.status, msg: error.message };
    throw error;
  }
}

function one(
  rooms: NgliveRooms,
  projectId: string,
  command: Exclude<NgliveCommand['CMD'], 'allroom'>,
  roomId: number,
  actor: Actor,
): Promise<NgliveRoom> {
  switch (command) {
    case 'getroom':
      return rooms.get(projectId, roomId);
    case 'addroom':
      return rooms.add(projectId, roomId, actor);
    case 'removeroom':
      return rooms.remove(projectId, roomId, actor);
    case 'startroom':
      return rooms.setRecording(projectId, roomId, true, actor);
    case 'stoproom':
      return rooms.setRecording(projectId, roomId, false, actor);
    case 'split':
      return rooms.split(projectId, roomId, actor);
  }
}

function fault(code: Exclude<NgliveCode, 0>): NgliveAnswer {
  return { code, msg: ngliveMessages[code] };
}
