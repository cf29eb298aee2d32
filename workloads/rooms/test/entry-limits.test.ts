import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { permissionsOf } from '../contract/grants.ts';
import { openRoomHouse, type RoomHouse } from '../testing/room-house.ts';
import { shiftingClock } from '../testing/shifting-clock.ts';

/** What a seat is worth that nobody has joined on yet. The clock is put forward. */
describe('a seat without its owner having joined', () => {
  const clock = shiftingClock();
  let house: RoomHouse;
  beforeAll(async () => {
    house = await openRoomHouse({ clock });
  });
  afterAll(() => house.close());

  const open = async (name: string, maxParticipants: number) => {
    const settings = { maxParticipants, emptyTimeoutS: 0, departureTimeoutS: 0 };
    await house.rooms.create({ name, projectId: house.projectId, settings }, house.core.actor);
    return name;
  };
  const program = (room: string, identity: string) =>
    house.rooms.enter({
      room,
      identity,
      name: identity,
      role: 'member',
      permissions: permissionsOf('member'),
      claims: null,
      via: 'api',
    });

  it('is no way around the limit of a room: of those who were let in as many join as it takes', async () => {
    const room = await open('limited', 2);
    const all = await Promise.all(
      ['anna', 'ben', 'carl', 'dora'].map(async (identity) => {
        const person = await house.join({ room, identity, query: { client: 'backlot' } });
        // The first message enters the room.
        await person.request('getRouterRtpCapabilities');
        return person;
      }),
    );
    const answers = await Promise.all(
      all.map((person) =>
        person.request('join', { displayName: 'x' }).then(
          () => 'joined',
          (error: { code: string }) => error.code,
        ),
      ),
    );
    expect(answers.sort()).toEqual(['joined', 'joined', 'room_full', 'room_full']);
    const seat = await program(await open('programs', 1), 'ffmpeg');
    const other = await program('programs', 'gstreamer');
    await seat.join({ data: false });
    await expect(other.join({ data: false })).rejects.toMatchObject({ code: 'room_full' });
    // Who has a place comes back to it.
    const again = await program('programs', 'ffmpeg');
    expect(await again.join({ data: false })).toMatchObject({ state: 'joined' });
  });

  it('is lost to a program after a while, and kept by one that has joined', async () => {
    const room = await open('idle', 10);
    const idle = await program(room, 'idle');
    const busy = await program(room, 'busy');
    await busy.join({ data: false });
    clock.advance(30_000);
    expect([idle.closed, busy.closed]).toEqual([false, false]);
    clock.advance(31_000);
    await expect
      .poll(
        () => {
          clock.advance(1_000);
          return idle.closed;
        },
        { timeout: 60_000 },
      )
      .toBe(true);
    expect(busy.closed).toBe(false);
  });
});
