import { capabilities, type Person, parametersOf } from './person.ts';
import type { RoomHouse } from './room-house.ts';

/** Somebody in a room, and the transport by which they send. */
export type Comer = Person & { sending: string };

/** Rooms of a test's own, and people in them with tokens, for a house that is open by the time they come. */
export function peopleOf(house: () => RoomHouse) {
  let rooms = 0;

  async function transports(person: Person): Promise<string> {
    await person.request('createWebRtcTransport', { appData: { direction: 'consumer' } });
    const { transportId } = await person.request<{ transportId: string }>('createWebRtcTransport', {
      appData: { direction: 'producer' },
    });
    return transportId;
  }

  return {
    transports,

    async newRoom(settings: object = {}): Promise<string> {
      rooms += 1;
      const name = `room-${rooms}`;
      await house().rooms.create({ name, projectId: house().projectId, settings }, house().core.actor);
      return name;
    },

    /** Somebody with a token, in the room, with transports both ways. */
    async come(
      room: string,
      identity: string,
      grants: Partial<Parameters<RoomHouse['token']>[1]> = {},
    ): Promise<Comer> {
      const token = await house().token(identity, { room, ...grants });
      const person = await house().join({ room, token, query: { client: 'backlot' } });
      const sending = await transports(person);
      await person.request('join', { displayName: identity.toUpperCase(), rtpCapabilities: capabilities });
      return Object.assign(person, { sending });
    },

    async publish(person: Comer, kind: 'audio' | 'video', source: string): Promise<string> {
      const { producerId } = await person.request<{ producerId: string }>('produce', {
        transportId: person.sending,
        kind,
        rtpParameters: parametersOf(kind),
        appData: { source },
      });
      return producerId;
    },
  };
}
