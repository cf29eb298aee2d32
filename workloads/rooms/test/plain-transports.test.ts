import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RoomsControl, startRoomsControl } from '../testing/control.ts';

/** Who may have packets sent to an address of their choice. No machine is needed: it is decided before there is media. */
describe('a plain transport', () => {
  let test: RoomsControl;
  const send = (url: string, payload: object, authorization: string) =>
    test.control.http.app.inject({ method: 'POST', url, payload, headers: { authorization } });

  beforeAll(async () => {
    test = await startRoomsControl();
    const draft = { projectId: await test.project('meetings'), name: 'stage' };
    expect((await send('/api/v1/rooms', draft, test.headers.authorization)).statusCode).toBe(201);
  });
  afterAll(() => test?.close());

  it('is not for whoever was invited to watch', async () => {
    const wish = { identity: 'tv', role: 'viewer' };
    const { token } = (await send('/api/v1/rooms/stage/tokens', wish, test.headers.authorization)).json();
    const base = '/rooms/stage/broadcasters';
    const entered = await send(base, { id: 'tv', displayName: 'tv', device: {} }, `Bearer ${token}`);
    expect(entered.statusCode).toBe(200);
    for (const [path, body] of [
      ['transports', { type: 'plain' }],
      ['transports', { direction: 'consumer' }],
      ['transports/any/connect', { ip: '127.0.0.1', port: 9 }],
    ] as const) {
      const refused = await send(`${base}/tv/${path}`, body, `Bearer ${token}`);
      expect([path, refused.statusCode, refused.json().code]).toEqual([path, 403, 'room_forbidden']);
    }
  });
});
