import { BacklotError } from '@backlot/contract';
import { roomErrors } from '../../../contract/errors.ts';
import { type MediaErrorCode, MediaReply } from '../../../contract/media/calls.ts';

/**
 * What a failed call to a media host means.
 *
 * away      nobody was there: the agent or host is being started again; whether it was done is not known
 * elsewhere the allocation is not there (any more): look for the room's place anew
 * silent    no answer in time; whether it was done is not known
 * other     anything else; thrown as it is
 */
export type CallFault = 'away' | 'elsewhere' | 'silent' | 'other';

export function faultOf(error: unknown): CallFault {
  if (!(error instanceof BacklotError)) return 'other';
  // What the agent threw has its code in the parameters of ours.
  const code = error.code === 'call_failed' ? String(error.params.method) : error.code;
  switch (code) {
    case 'node_not_connected':
    case 'host_unavailable':
    case 'link_busy':
      return 'away';
    case 'allocation_not_here':
      return 'elsewhere';
    case 'timed_out':
      return 'silent';
    default:
      return 'other';
  }
}

/** The data of a host's answer. @throws a room error that says what the host said */
export function readReply(answer: unknown, id: string): unknown {
  const reply = MediaReply.parse(answer);
  if (reply.ok) return reply.data;
  throw refusalOf(reply.code, reply.message, id);
}

/** @param id of the object that the call was about, for `not_found` */
export function refusalOf(code: MediaErrorCode, message: string, id: string): BacklotError {
  switch (code) {
    case 'not_found':
      return new BacklotError(roomErrors.media_object_not_found, { params: { field: 'id', id } });
    case 'unavailable':
      return new BacklotError(roomErrors.room_media_lost, { params: { room: id }, retryAfterS: 1 });
    case 'invalid':
    case 'cannot_consume':
    case 'failed':
      return new BacklotError(roomErrors.media_refused, { params: { reason: message, code } });
  }
}
