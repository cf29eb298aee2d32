import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeCodes } from '../contract.ts';
import { peopleOf } from '../testing/people.ts';
import { openRoomHouse, type RoomHouse } from '../testing/room-house.ts';

/** Who gets in by which token, by signalling, against the real database and core; media is only kept book of. */
let house: RoomHouse;
beforeAll(async () => {
  house = await openRoomHouse({ settings: { open: false } });
});
afterAll(() => house.close());

const { newRoom, come } = peopleOf(() => house);

/** Our own clients are told so; protoo's client must be told that it is over, or it would come back at once. */
const isRefusal = (code: number) => code === closeCodes.refused || code === closeCodes.ended;

describe('a token', () => {
  it('is needed, must be for this room, and be one of ours', async () => {
    const room = await newRoom();
    const other = await newRoom();
    const without = await house.join({ room, identity: 'anna', query: { client: 'backlot' } });
    expect(await without.untilClosed()).toMatchObject({ code: expect.toSatisfy(isRefusal) });
    const wrong = await house.join({ room, token: await house.token('anna', { room: other }) });
    expect(await wrong.untilClosed()).toMatchObject({ code: expect.toSatisfy(isRefusal) });
    const forged = `${(await house.token('anna', { room })).slice(0, -4)}AAAA`;
    expect(await (await house.join({ room, token: forged })).untilClosed()).toMatchObject({
      code: expect.toSatisfy(isRefusal),
    });
    const noJoin = await house.join({ room, token: await house.token('anna', { room, join: false }) });
    expect(await noJoin.untilClosed()).toMatchObject({ code: expect.toSatisfy(isRefusal) });
  });

  it('is for a room of its project, not for whatever bears that name or answers to it', async () => {
    const room = await newRoom();
    const projectId = await house.core.project();
    const invite = (claims: { room: string; project?: string }) =>
      house.rooms.tokens.issue({
        identity: 'anna',
        grants: { room: claims.room },
        ...(claims.project === undefined ? {} : { projectId: claims.project }),
      });
    const { id } = await house.rooms.get(room);
    for (const claims of [
      { room, project: projectId },
      { room },
      // Whoever may open rooms could have called one by this id, and have a token for it.
      { room: id, project: house.projectId },
    ]) {
      const { token } = await invite(claims);
      const anna = await house.join({ room: claims.room, token, query: { client: 'backlot' } });
      expect(await anna.refused('join', {}), JSON.stringify(claims)).toBe('room_token_invalid');
    }
    await expect(
      house.rooms.create({ name: id.toUpperCase(), projectId }, house.core.actor),
    ).rejects.toMatchObject({ code: 'invalid_input' });
    await come(room, 'anna');
  });

  it('opens a room only where it says so', async () => {
    const grants = { room: 'made-by-token' };
    const may = { ...grants, create: true };
    const before = await house.join({ room: grants.room, token: await house.token('a', grants) });
    expect(await before.untilClosed()).toMatchObject({ code: expect.toSatisfy(isRefusal) });
    await come(grants.room, 'b', may);
    expect(await house.rooms.get(grants.room)).toMatchObject({ participants: 1, state: 'active' });
  });

  it('that was revoked, or whose holder was kicked, lets nobody in; a new one does', async () => {
    const room = await newRoom();
    const host = await come(room, 'host', { role: 'host' });
    const token = await house.token('anna', { room });
    const anna = await house.join({ room, token, query: { client: 'backlot' } });
    await anna.request('join', {});
    await host.request('kickPeer', { peerId: 'anna', reason: 'noise' });
    expect(await anna.untilClosed()).toMatchObject({ code: closeCodes.ended });
    expect(anna.said('ended')[0]).toMatchObject({
      reason: 'kicked',
      message: expect.stringContaining('noise'),
    });
    expect(await (await house.join({ room, token })).untilClosed()).toMatchObject({
      code: expect.toSatisfy(isRefusal),
    });
    await come(room, 'anna');
    expect(await house.rooms.participants(room)).toHaveLength(2);
  });

  it('taken back by its id puts out whoever is there by it', async () => {
    const room = await newRoom();
    const issued = await house.rooms.tokens.issue({
      identity: 'anna',
      grants: { room },
      projectId: house.projectId,
    });
    const anna = await house.join({ room, token: issued.token, query: { client: 'backlot' } });
    await anna.request('join', {});
    await house.rooms.tokens.revoke(issued);
    expect(await anna.untilSaid('ended')).toMatchObject({ reason: 'revoked' });
    await expect(house.rooms.tokens.verify(issued.token)).rejects.toMatchObject({
      code: 'room_token_revoked',
    });
  });
});
