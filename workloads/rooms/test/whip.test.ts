import { parse } from 'sdp-transform';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { chromePlays, chromePublishes, chromeSimulcast, withData } from '../testing/offers.ts';
import { hasWorker, type RoomsProduct, startRoomsProduct } from '../testing/product.ts';

const patience = { timeout: 60_000, interval: 100 };
const fragment = (ufrag: string, pwd = 'P2uYro0UCOQ4zxjKXaWCBui1') =>
  `a=ice-ufrag:${ufrag}\r\na=ice-pwd:${pwd}\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 61764 typ host\r\n`;

/** The exchange of RFC 9725 and of WHEP's draft, message by message, against real media workers. */
describe.skipIf(!(await hasWorker()))('WHIP and WHEP', { timeout: 180_000 }, () => {
  let product: RoomsProduct;
  let token: string;
  beforeAll(async () => {
    product = await startRoomsProduct();
    await product.openRoom('stage', { emptyTimeoutS: 0, departureTimeoutS: 0 });
    token = await product.token('stage', 'camera', { join: false });
  }, 180_000);
  afterAll(() => product?.close());

  function send(
    method: string,
    path: string,
    options: { type?: string; body?: string; token?: string; headers?: Record<string, string> } = {},
  ) {
    return fetch(new URL(path, product.url), {
      method,
      headers: {
        ...(options.type === undefined ? {} : { 'content-type': options.type }),
        ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
        ...options.headers,
      },
      ...(options.body === undefined ? {} : { body: options.body }),
    });
  }
  const publish = (body: string, as = token) =>
    send('POST', '/whip/stage', { type: 'application/sdp', body, token: as });
  const patch = (session: string, body: string, ifMatch?: string) =>
    send('PATCH', session, {
      type: 'application/trickle-ice-sdpfrag',
      body,
      ...(ifMatch === undefined ? {} : { headers: { 'if-match': ifMatch } }),
    });
  async function media() {
    const answer = await send('GET', '/api/v1/rooms/stage/media', { token: product.adminToken });
    return (await answer.json()) as { transports: unknown[]; producers: unknown[]; consumers: unknown[] };
  }
  async function tracks() {
    const answer = await send('GET', '/api/v1/rooms/stage/tracks', { token: product.adminToken });
    return ((await answer.json()) as { items: unknown[] }).items;
  }

  it('go through the whole life of a session', async () => {
    const opened = await publish(chromePublishes);
    expect(opened.status).toBe(201);
    expect(opened.headers.get('content-type')).toMatch(/^application\/sdp/);
    expect(opened.headers.get('accept-patch')).toBe('application/trickle-ice-sdpfrag');
    const [session, etag] = [opened.headers.get('location') ?? '', opened.headers.get('etag') ?? ''];
    expect(session).toMatch(/^\/whip\/stage\/[\w-]{32}$/);
    const answer = parse(await opened.text());
    expect(answer.media.map(({ type, direction, setup }) => [type, direction, setup])).toEqual([
      ['audio', 'recvonly', 'passive'],
      ['video', 'recvonly', 'passive'],
    ]);
    expect(await tracks()).toMatchObject([
      { identity: 'camera', kind: 'audio', source: 'microphone' },
      { identity: 'camera', kind: 'video', source: 'camera' },
    ]);

    // Candidates with the tag; without it, with another one, and of no form.
    expect((await patch(session, fragment('Hq3B'), etag)).status).toBe(204);
    expect((await patch(session, fragment('Hq3B'))).status).toBe(428);
    expect((await patch(session, fragment('Hq3B'), '"other"')).status).toBe(412);
    expect((await patch(session, 'nonsense', etag)).status).toBe(400);
    expect((await send('PATCH', session, { type: 'application/json', body: '{}' })).status).toBe(415);
    // A restart has new credentials and If-Match: *; the old tag is worth nothing afterwards.
    expect((await patch(session, fragment('NeWu'), etag)).status).toBe(422);
    const restarted = await patch(session, fragment('NeWu'), '*');
    expect(restarted.status).toBe(200);
    const newTag = restarted.headers.get('etag') ?? '';
    expect(newTag).not.toBe(etag);
    const body = await restarted.text();
    expect(body).toMatch(/a=ice-ufrag:\S+\r\n/);
    expect(body).not.toContain(`a=ice-ufrag:${answer.media[0]?.iceUfrag}\r\n`);
    expect((await patch(session, fragment('NeWu'), etag)).status).toBe(412);
    expect((await patch(session, fragment('NeWu'), newTag)).status).toBe(204);

    for (const method of ['GET', 'PUT']) expect((await send(method, session)).status).toBe(405);
    expect((await send('DELETE', session)).status).toBe(200);
    expect((await send('DELETE', session)).status).toBe(404);
    await vi.waitFor(
      async () => expect(await media()).toMatchObject({ transports: [], producers: [] }),
      patience,
    );
  });

  it('take layers, and the same publisher again in place of its older session', async () => {
    const first = await publish(chromePublishes);
    const second = await publish(chromeSimulcast);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(parse(await second.text()).media[1]?.simulcast).toEqual({ dir1: 'recv', list1: 'q;h;f' });
    await vi.waitFor(async () => expect(await tracks()).toHaveLength(2), patience);
    await vi.waitFor(
      async () => expect((await send('DELETE', first.headers.get('location') ?? '')).status).toBe(404),
      patience,
    );
    expect((await send('DELETE', second.headers.get('location') ?? '')).status).toBe(200);
  });

  it.each([
    ['no SDP', 'hello', 400],
    ['a data channel', withData, 422],
    ['what only receives', chromePlays, 422],
    ['a codec that the room has not', chromePublishes.replaceAll('opus/48000/2', 'speex/8000'), 422],
    ['two pictures', chromePublishes.replace('m=audio 9', 'm=video 9'), 422],
  ])('refuse %s whole, and leave nothing behind', async (_what, body, status) => {
    expect((await publish(body)).status).toBe(status);
    await vi.waitFor(
      async () => expect(await media()).toMatchObject({ transports: [], producers: [] }),
      patience,
    );
  });

  it('want a token of this room with the right to it', async () => {
    await product.openRoom('elsewhere', { emptyTimeoutS: 0 });
    const other = await product.token('elsewhere', 'camera');
    const viewer = await product.token('stage', 'viewer', { role: 'viewer' });
    expect((await publish(chromePublishes, 'nonsense')).status).toBe(401);
    expect((await publish(chromePublishes, other)).status).toBe(401);
    expect((await publish(chromePublishes, viewer)).status).toBe(403);
    expect(
      (await send('POST', '/whip/stage', { type: 'application/sdp', body: chromePublishes })).status,
    ).toBe(401);
    expect(
      (await send('POST', '/whip/nowhere', { type: 'application/sdp', body: chromePublishes, token })).status,
    ).toBe(401);
    expect(
      (await send('POST', '/whip/stage', { type: 'text/plain', body: chromePublishes, token })).status,
    ).toBe(415);
    const kicked = await product.token('stage', 'bad');
    const path = '/api/v1/rooms/stage/tokens?identity=bad';
    expect((await send('DELETE', path, { token: product.adminToken })).status).toBe(204);
    expect((await publish(chromePublishes, kicked)).status).toBeGreaterThanOrEqual(401);
  });

  it('say what they take, also to pages of other origins', async () => {
    const headers = { origin: 'https://studio.example', 'access-control-request-method': 'POST' };
    const options = await send('OPTIONS', '/whip/stage', { headers });
    expect(options.status).toBe(204);
    expect(options.headers.get('accept-post')).toBe('application/sdp');
    expect(options.headers.get('access-control-allow-origin')).toBe('*');
    expect(options.headers.get('access-control-allow-headers')).toContain('If-Match');
    const refused = await send('POST', '/whip/stage', { type: 'application/sdp', body: 'x', token, headers });
    expect(refused.headers.get('access-control-allow-origin')).toBe('*');
    expect((await send('HEAD', '/whep/stage')).headers.get('content-type')).toMatch(/^application\/sdp/);
    expect((await send('GET', '/whep/stage')).status).toBe(405);
  });

  it('play what is live, and say when nothing is', async () => {
    const viewer = await product.token('stage', 'viewer', { role: 'viewer', join: false });
    const view = (path = '/whep/stage') =>
      send('POST', path, { type: 'application/sdp', body: chromePlays, token: viewer });
    const nothing = await view();
    expect([nothing.status, Number(nothing.headers.get('retry-after')) > 0]).toEqual([409, true]);

    const live = await publish(chromePublishes);
    const playing = await view();
    expect(playing.status).toBe(201);
    const answer = parse(await playing.text());
    expect(answer.media.map(({ direction, payloads }) => [direction, String(payloads)])).toEqual([
      ['sendonly', '111'],
      ['sendonly', '96'],
    ]);
    expect((await view('/whep/stage?from=nobody')).status).toBe(409);
    const session = playing.headers.get('location') ?? '';
    // Players in use send candidates without a tag.
    expect((await patch(session, fragment('Hq3B'))).status).toBe(204);
    expect((await send('DELETE', session)).status).toBe(200);
    expect((await send('DELETE', live.headers.get('location') ?? '')).status).toBe(200);
    await vi.waitFor(
      async () => expect(await media()).toMatchObject({ transports: [], producers: [], consumers: [] }),
      patience,
    );
  });

  it('end with the participant: kicked is gone', async () => {
    const live = await publish(chromePublishes);
    const path = '/api/v1/rooms/stage/participants/camera?revoke=false';
    expect((await send('DELETE', path, { token: product.adminToken })).status).toBe(204);
    await vi.waitFor(
      async () => expect((await send('DELETE', live.headers.get('location') ?? '')).status).toBe(404),
      patience,
    );
  });
});
