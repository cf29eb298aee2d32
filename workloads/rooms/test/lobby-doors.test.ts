import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RoomsControl, startRoomsControl } from '../testing/control.ts';

/** Who comes by HTTP into a room with a lobby. No machine is needed: it is decided before there is any media. */
describe('a lobby', () => {
  let test: RoomsControl;
  const send = (url: string, payload: object, authorization: string) =>
    test.control.http.app.inject({ method: 'POST', url, payload, headers: { authorization } });

  beforeAll(async () => {
    test = await startRoomsControl();
    const draft = { projectId: await test.project('meetings'), name: 'waiting', settings: { lobby: true } };
    expect((await send('/api/v1/rooms', draft, test.headers.authorization)).statusCode).toBe(201);
  });
  afterAll(() => test?.close());

  const bearer = async (identity: string, more: object) => {
    const wish = { identity, ...more };
    const answer = await send('/api/v1/rooms/waiting/tokens', wish, test.headers.authorization);
    return `Bearer ${answer.json().token}`;
  };
  const enter = (id: string, authorization: string) =>
    send('/rooms/waiting/broadcasters', { id, displayName: id, device: {} }, authorization);

  it('is not gone around by a program with a person’s token', async () => {
    const refused = await enter('anna', await bearer('anna', {}));
    expect([refused.statusCode, refused.json().code]).toEqual([403, 'room_lobby']);
  });

  it('stays when something else of the room is changed', async () => {
    const change = (payload: object) =>
      test.control.http.app.inject({
        method: 'PATCH',
        url: '/api/v1/rooms/waiting',
        payload,
        headers: test.headers,
      });
    const limited = await change({ maxParticipants: 9 });
    expect(limited.json()).toMatchObject({ settings: { lobby: true, maxParticipants: 9 } });
    const locked = await change({ locked: true });
    expect(locked.json()).toMatchObject({ locked: true, settings: { lobby: true, maxParticipants: 9 } });
    expect((await change({ locked: false })).statusCode).toBe(200);
    const refused = await enter('anna', await bearer('anna', {}));
    expect([refused.statusCode, refused.json().code]).toEqual([403, 'room_lobby']);
  });

  it('lets programs of the API, with a token for programs, or a moderator’s, in', async () => {
    expect((await enter('camera', await bearer('camera', { join: false }))).statusCode).toBe(200);
    expect((await enter('studio', await bearer('host', { role: 'host' }))).statusCode).toBe(200);
    expect((await enter('api', test.headers.authorization)).statusCode).toBe(200);
  });
});
