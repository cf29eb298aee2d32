import type { RoomSettings } from '../../../contract/room.ts';

/** Packets per second of one stream at 660 kbit/s and of one voice (reference, 8.2), with a tenth for repairs. */
const videoPps = 85 * 1.1;
const audioPps = 50 * 1.1;

/**
 * What a room is reserved for its first seconds, before its real load is known: a small call, or as many viewers of one
 * picture and one voice as an audience room is said to take, within what one node can be asked for at once.
 */
export function expectedPackets(settings: Pick<RoomSettings, 'audience' | 'maxParticipants'>): number {
  const people = Math.min(settings.maxParticipants, settings.audience ? 100 : 4);
  const streams = settings.audience ? people : people * (people - 1);
  return Math.round(Math.max(1, streams) * (videoPps + audioPps));
}
