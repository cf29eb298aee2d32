import { BacklotError } from '@backlot/contract';
import type { WebSocket } from 'ws';
import { roomErrors } from '../../contract/errors.ts';
import type { MethodData, ResumeAnswer } from '../../contract/signalling.ts';
import type { RoomSeat } from '../rooms/seat.ts';
import type { Admission } from './admission.ts';
import type { SignallingDeps } from './connect.ts';
import { Session } from './session.ts';

export interface Resumed {
  readonly session: Session;
  readonly answer: ResumeAnswer;
  /** What was said meanwhile, to be said again after the answer. */
  readonly missed: readonly string[];
  /** What is left to do once the client has heard all that. */
  readonly afterwards: () => Promise<void>;
}

/**
 * Goes on with a session over a new socket: the one that waits here, or, after a restart of the control plane, the one
 * that the database remembers, whose media never stopped.
 * @throws session_unknown, session_gap
 */
export async function resume(
  deps: SignallingDeps,
  admission: Admission,
  asked: MethodData<'resume'>,
  socket: WebSocket,
): Promise<Resumed> {
  const waiting = deps.sessions.get(asked.sessionId);
  if (waiting) return goOn(waiting, admission, asked, socket);
  const seat = await deps.rooms.seatOfSession(asked.sessionId);
  if (!seat || !isOf(seat, admission)) throw new BacklotError(roomErrors.session_unknown);
  return await takeUp(deps, seat, asked, socket);
}

function goOn(
  session: Session,
  admission: Admission,
  asked: MethodData<'resume'>,
  socket: WebSocket,
): Resumed {
  const { seat } = session;
  if (session.over || !seat || !isOf(seat, admission)) throw new BacklotError(roomErrors.session_unknown);
  const missed = session.attach(socket, asked.lastSeq);
  if (missed === null) {
    throw new BacklotError(roomErrors.session_gap, { params: { seq: asked.lastSeq } });
  }
  return {
    session,
    answer: { resumed: true, replayed: missed.length, snapshot: null },
    missed,
    afterwards: async () => {},
  };
}

/** Nothing of the old session is in memory but what the room knows: the client gets that whole. */
async function takeUp(
  deps: SignallingDeps,
  seat: RoomSeat,
  asked: MethodData<'resume'>,
  socket: WebSocket,
): Promise<Resumed> {
  await seat.placed();
  const { member } = seat;
  const session = new Session({
    kernel: deps.kernel,
    rooms: deps.rooms,
    id: asked.sessionId,
    vocabulary: 'backlot',
    language: member.language,
    throttleSecret: deps.settings.throttleSecret,
    consumerReplicas: member.replicas,
    resumeMs: deps.settings.resumeMs,
    lastSeq: asked.lastSeq,
    onEnd: (ended) => deps.sessions.delete(ended),
  });
  session.sitOn(seat);
  const has = { consumers: new Set(asked.consumerIds), channels: new Set(asked.dataConsumerIds) };
  const unknown = {
    consumers: asked.consumerIds ? [...member.consumers.keys()].filter((id) => !has.consumers.has(id)) : [],
    channels: asked.dataConsumerIds
      ? [...member.dataConsumers.keys()].filter((id) => !has.channels.has(id))
      : [],
  };
  await seat.dropUnknown(unknown.consumers, unknown.channels);
  session.attach(socket);
  seat.attach(session);
  deps.sessions.add(session);
  return {
    session,
    answer: { resumed: true, replayed: 0, snapshot: seat.snapshot() },
    missed: [],
    afterwards: () => seat.refresh(),
  };
}

/** A session is gone on with by whom it is of: the token (or, in the open mode, the name) must be theirs. */
function isOf(seat: { readonly identity: string; readonly roomName: string }, admission: Admission): boolean {
  return seat.identity === admission.identity && seat.roomName === admission.room;
}
