import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Participant, Track } from '../contract/room.ts';
import { ffmpegPublishes, ffmpegStreams } from '../testing/ffmpeg-broadcaster.ts';
import { hasWorker, type RoomsProduct, startRoomsProduct } from '../testing/product.ts';
import { playWhep } from '../testing/whep-player.ts';

const patience = { timeout: 60_000, interval: 100 };
const ready = await hasWorker();

describe.skipIf(!ready)('programs that speak mediasoup-demo', { timeout: 180_000 }, () => {
  let product: RoomsProduct;
  beforeAll(async () => {
    product = await startRoomsProduct();
  }, 180_000);
  afterAll(() => product?.close());

  /** As a program sends it: JSON with a token, the answer's status, place and body. */
  async function send(token: string, method: string, path: string, body?: unknown) {
    const response = await fetch(`${product.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return {
      status: response.status,
      location: response.headers.get('location'),
      body: isJson && text !== '' ? JSON.parse(text) : text,
    };
  }

  it('of 2024: ffmpeg publishes, is seen in the room, and a player of others’ making receives it', async () => {
    const room = await product.openRoom('old-demo', { emptyTimeoutS: 0, departureTimeoutS: 0 });
    const token = await product.token('old-demo', 'ffmpeg');
    const capabilities = await send(token, 'GET', '/rooms/old-demo');
    expect(capabilities.body.codecs.map(({ mimeType }: { mimeType: string }) => mimeType)).toContain(
      'video/VP8',
    );

    const base = '/rooms/old-demo/broadcasters';
    const enter = { id: 'ffmpeg', displayName: 'Camera 1', device: { name: 'FFmpeg' } };
    expect(await send(token, 'POST', base, enter)).toMatchObject({ status: 200, body: { peers: [] } });
    // The same name twice is refused, as in the demo.
    expect((await send(token, 'POST', base, enter)).status).toBe(409);

    const plain = { type: 'plain', comedia: true, rtcpMux: false };
    const transports = { audio: undefined as never, video: undefined as never } as Record<
      'audio' | 'video',
      { id: string; ip: string; port: number; rtcpPort: number }
    >;
    for (const kind of ['audio', 'video'] as const) {
      const made = await send(token, 'POST', `${base}/ffmpeg/transports`, plain);
      expect(made).toMatchObject({
        status: 200,
        body: {
          id: expect.any(String),
          ip: '127.0.0.1',
          port: expect.any(Number),
          rtcpPort: expect.any(Number),
        },
      });
      transports[kind] = made.body;
      const produced = await send(
        token,
        'POST',
        `${base}/ffmpeg/transports/${made.body.id}/producers`,
        ffmpegStreams[kind],
      );
      expect(produced).toMatchObject({ status: 200, body: { id: expect.any(String) } });
    }
    const ffmpeg = ffmpegPublishes(transports);
    try {
      const people = await send(product.adminToken, 'GET', '/api/v1/rooms/old-demo/participants');
      expect(people.body.items.map((one: unknown) => Participant.parse(one))).toMatchObject([
        { identity: 'ffmpeg', name: 'Camera 1', state: 'api' },
      ]);
      const tracks = await send(product.adminToken, 'GET', '/api/v1/rooms/old-demo/tracks');
      expect(tracks.body.items.map((one: unknown) => Track.parse(one).codec).sort()).toEqual(['opus', 'vp8']);

      // A player that wants payload types of its own: they are those of its offer, not of the room's router.
      const viewer = await product.token('old-demo', 'tv', { role: 'viewer', join: false });
      const player = await playWhep({ url: `${product.url}/whep/old-demo`, token: viewer });
      await vi.waitFor(() => {
        expect(player.state).toBe('connected');
        expect(player.packets.get(109) ?? 0).toBeGreaterThan(50);
        expect(player.packets.get(120) ?? 0).toBeGreaterThan(15);
      }, patience);
      expect([...player.packets.keys()].sort()).toEqual([109, 120]);
      // Who only watches by WHEP is told to nobody.
      expect((await send(token, 'GET', `${base}/ffmpeg/peerProducersInfos`)).body).toEqual({
        peerProducersInfos: [],
      });
      expect(await player.stop()).toBe(200);
      expect((await fetch(player.session, { method: 'DELETE' })).status).toBe(404);
    } finally {
      await ffmpeg.close();
    }
    expect(await send(token, 'DELETE', `${base}/ffmpeg`)).toMatchObject({ status: 200 });
    await vi.waitFor(async () => {
      const media = await send(product.adminToken, 'GET', `/api/v1/rooms/${room.id}/media`);
      expect(media.body).toMatchObject({ transports: [], producers: [], consumers: [] });
    }, patience);
  });

  it('of today: enters, joins, publishes, and another one receives', async () => {
    await product.openRoom('new-demo', { emptyTimeoutS: 0, departureTimeoutS: 0 });
    const tokens = {
      sender: await product.token('new-demo', 'sender'),
      receiver: await product.token('new-demo', 'receiver'),
    };
    const base = '/rooms/new-demo/broadcasters';
    for (const [peerId, token] of Object.entries(tokens)) {
      const entered = await send(token, 'POST', base, {
        peerId,
        displayName: peerId,
        device: { flag: 'ffmpeg', name: 'FFmpeg' },
      });
      expect(entered).toMatchObject({ status: 201, location: `${base}/${peerId}` });
      // Nobody is told before it has joined, and it can’t publish before.
      expect((await send(token, 'POST', `${base}/${peerId}/join`)).status).toBe(200);
    }
    const transport = await send(tokens.sender, 'POST', `${base}/sender/transports`, {
      direction: 'producer',
      comedia: true,
      rtcpMux: true,
    });
    expect(transport).toMatchObject({
      status: 201,
      body: { transportId: expect.any(String), port: expect.any(Number) },
    });
    const produced = await send(tokens.sender, 'POST', `${base}/sender/producers`, {
      transportId: transport.body.transportId,
      ...ffmpegStreams.audio,
      appData: { source: 'audio' },
    });
    expect(produced).toMatchObject({ status: 201, body: { producerId: expect.any(String) } });
    const infos = await send(tokens.receiver, 'GET', `${base}/receiver/peerProducersInfos`);
    expect(infos.body.peerProducersInfos).toMatchObject([
      {
        peerId: 'sender',
        producers: [
          {
            producerId: produced.body.producerId,
            kind: 'audio',
            consumableCodecs: [{ mimeType: 'audio/opus' }],
          },
        ],
      },
    ]);
    const receiving = await send(tokens.receiver, 'POST', `${base}/receiver/transports`, {
      direction: 'consumer',
      comedia: false,
      rtcpMux: true,
    });
    const connect = `${base}/receiver/transports/${receiving.body.transportId}/connect`;
    expect((await send(tokens.receiver, 'POST', connect, { ip: '127.0.0.1', port: 9 })).status).toBe(200);
    const { body: capabilities } = await send(tokens.receiver, 'GET', '/rooms/new-demo');
    const consumer = await send(tokens.receiver, 'POST', `${base}/receiver/consumers`, {
      transportId: receiving.body.transportId,
      producerId: produced.body.producerId,
      paused: true,
      rtpCapabilities: capabilities.routerRtpCapabilities,
    });
    expect(consumer).toMatchObject({ status: 201, body: { consumerId: expect.any(String) } });
    const resume = `${base}/receiver/consumers/${consumer.body.consumerId}/resume`;
    expect((await send(tokens.receiver, 'POST', resume)).status).toBe(200);
    // One program’s token steers no other program.
    expect((await send(tokens.sender, 'DELETE', `${base}/receiver`)).status).toBe(403);
    expect(
      (await send(tokens.receiver, 'POST', `${base}/receiver/producers`, { transportId: 'x' })).status,
    ).toBe(400);
    for (const [peerId, token] of Object.entries(tokens)) {
      expect((await send(token, 'DELETE', `${base}/${peerId}`)).status).toBe(204);
      expect((await send(token, 'DELETE', `${base}/${peerId}`)).status).toBe(404);
    }
  });

  it('of 2024: a WebRTC transport and data messages', async () => {
    await product.openRoom('data-demo', { emptyTimeoutS: 0, departureTimeoutS: 0 });
    const token = await product.token('data-demo', 'bot');
    const base = '/rooms/data-demo/broadcasters';
    await send(token, 'POST', base, { id: 'bot', displayName: 'Bot', device: {} });
    const transport = await send(token, 'POST', `${base}/bot/transports`, {
      type: 'webrtc',
      sctpCapabilities: {},
    });
    expect(transport).toMatchObject({
      status: 200,
      body: {
        iceParameters: { iceLite: true },
        iceCandidates: [expect.anything(), expect.anything()],
        dtlsParameters: { fingerprints: expect.any(Array) },
        sctpParameters: expect.any(Object),
      },
    });
    const connected = await send(token, 'POST', `${base}/bot/transports/${transport.body.id}/connect`, {
      dtlsParameters: {
        role: 'client',
        fingerprints: [{ algorithm: 'sha-256', value: Array(32).fill('AB').join(':') }],
      },
    });
    expect(connected.status).toBe(200);
    const produced = await send(token, 'POST', `${base}/bot/transports/${transport.body.id}/produce/data`, {
      label: 'chat',
      protocol: '',
      sctpStreamParameters: { streamId: 1, ordered: true },
    });
    expect(produced).toMatchObject({ status: 200, body: { id: expect.any(String) } });
    const consumed = await send(token, 'POST', `${base}/bot/transports/${transport.body.id}/consume/data`, {
      dataProducerId: produced.body.id,
    });
    expect(consumed).toMatchObject({
      status: 200,
      body: { id: expect.any(String), streamId: expect.any(Number) },
    });
  });
});
