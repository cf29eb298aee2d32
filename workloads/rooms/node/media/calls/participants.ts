import type { Handlers } from './handler.ts';

export const participantCalls: Handlers<
  'setParticipant' | 'removeParticipant' | 'throttle' | 'loseTransports'
> = {
  setParticipant(room, { owner, state }) {
    room.participants.set(owner, state);
    return {};
  },

  removeParticipant(room, { owner }) {
    const transports = room.transportsOf(owner);
    for (const { transport } of transports) transport.close();
    room.participants.delete(owner);
    room.throttles.delete(owner);
    return { closed: transports.length };
  },

  throttle(room, { owner, throttle }) {
    if (throttle === null && !room.throttles.has(owner)) return { transportsLost: [] };
    room.throttles.set(owner, throttle);
    const transports = room.transportsOf(owner).filter(({ transport }) => transport.type === 'webrtc');
    for (const { relay } of transports) if (relay) relay.throttle = throttle;
    const direct = throttle === null ? [] : transports.filter(({ relay }) => !relay);
    return { transportsLost: room.lose(owner, direct, 'throttled') };
  },

  loseTransports(room, { owner, reason }) {
    return { transportsLost: room.lose(owner, room.transportsOf(owner), reason) };
  },
};
