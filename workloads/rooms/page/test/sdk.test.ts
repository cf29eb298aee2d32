import './wrtc-globals.ts';
import { type LocalTrack, type RemoteTrack, Room, type RoomOptions } from '@backlot/sdk/rooms';
// The database of tests is handed out by vitest's set-up, which this program of types has to know.
import type {} from '@backlot/testkit/vitest-global-setup';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type LiveProduct, openLiveProduct } from '../../testing/live-product.ts';
import { findWorker } from '../../testing/media-house.ts';
import { countFrames, movingPicture, tone } from './wrtc-globals.ts';

const patience = { timeout: 60_000, interval: 50 };
const able = (await findWorker()) !== undefined;

/** The SDK as a program uses it: in Node, over a real WebRTC stack, against the whole product. */
describe.skipIf(!able)('the SDK in Node', { timeout: 180_000 }, () => {
  let product: LiveProduct;
  let rooms: Room[] = [];
  const stops: (() => void)[] = [];

  beforeAll(async () => {
    product = await openLiveProduct();
  }, 240_000);
  afterEach(async () => {
    await Promise.all(rooms.map((room) => room.leave()));
    rooms = [];
    for (const stop of stops.splice(0)) stop();
  });
  afterAll(() => product?.close());

  async function come(
    room: string,
    identity: string,
    more: Partial<RoomOptions> & { role?: 'host' | 'member' | 'viewer' } = {},
  ): Promise<Room> {
    const { role = 'member', ...options } = more;
    const joined = await Room.connect({
      url: product.wsUrl,
      token: await product.token(identity, { room, role }),
      displayName: identity.toUpperCase(),
      handlerName: 'Chrome111',
      ...options,
    });
    rooms.push(joined);
    return joined;
  }
  function picture(): MediaStreamTrack {
    const made = movingPicture();
    stops.push(made.stop);
    return made.track;
  }
  function sound(): MediaStreamTrack {
    const made = tone();
    stops.push(made.stop);
    return made.track;
  }
  /** Decoded frames of somebody's picture, whichever track it comes by. */
  function framesOf(room: Room, identity: string): () => number {
    let total = 0;
    let counting: { readonly count: number; stop(): void } | undefined;
    const follow = (track: RemoteTrack) => {
      if (track.identity !== identity || track.kind !== 'video') return;
      total += counting?.count ?? 0;
      counting?.stop();
      counting = countFrames(track.mediaTrack);
    };
    for (const track of room.remoteTracks.values()) follow(track);
    stops.push(room.on('trackSubscribed', follow), () => counting?.stop());
    return () => total + (counting?.count ?? 0);
  }
  const more = async (frames: () => number, by = 15) => {
    const before = frames();
    await vi.waitFor(() => expect(frames()).toBeGreaterThanOrEqual(before + by), patience);
  };
  const publish = (room: Room): Promise<LocalTrack> =>
    room.publish(picture(), { source: 'camera', stopOnUnpublish: false });

  it('joins, sends, receives, and says all of it in one state', async () => {
    await product.room('state');
    const ada = await come('state', 'ada', { role: 'host' });
    const bo = await come('state', 'bo');
    const frames = framesOf(bo, 'ada');
    const camera = await publish(ada);
    const voice = await ada.publish(sound(), { source: 'microphone', stopOnUnpublish: false });
    await more(frames);
    await vi.waitFor(() => {
      const seen = bo.state.participants.get('ada');
      expect(seen).toMatchObject({ name: 'ADA', role: 'host' });
      const tracks = [...(seen?.tracks.values() ?? [])];
      expect(tracks.map(({ id, source, subscribed }) => [id, source, subscribed])).toEqual([
        [camera.id, 'camera', true],
        [voice.id, 'microphone', true],
      ]);
    }, patience);
    expect(bo.self?.permissions).toMatchObject({ admin: false, subscribe: true });

    await ada.mute(voice);
    await vi.waitFor(() => {
      expect(bo.state.participants.get('ada')?.tracks.get(voice.id ?? '')?.paused).toBe(true);
    }, patience);
    await ada.unpublish(camera);
    await vi.waitFor(() => expect(bo.state.participants.get('ada')?.tracks.size).toBe(1), patience);
    await ada.setDisplayName('Ada L.');
    await vi.waitFor(() => expect(bo.state.participants.get('ada')?.name).toBe('Ada L.'), patience);
    await ada.leave();
    await vi.waitFor(() => expect([...bo.state.participants.keys()]).toEqual(['bo']), patience);
    expect(ada.state.phase).toBe('closed');
  });

  it('takes and refuses single tracks', async () => {
    await product.room('choice');
    const ada = await come('choice', 'ada');
    const bo = await come('choice', 'bo');
    const frames = framesOf(bo, 'ada');
    const camera = await publish(ada);
    await more(frames);
    await bo.unsubscribe([camera.id ?? '']);
    await vi.waitFor(() => expect(bo.remoteTracks.size).toBe(0), patience);
    await bo.subscribe([camera.id ?? '']);
    await vi.waitFor(() => expect(bo.remoteTracks.size).toBe(1), patience);
    await more(frames);
  });

  it('carries messages, data of both kinds, and questions with their answers', async () => {
    await product.room('data');
    const ada = await come('data', 'ada');
    const bo = await come('data', 'bo');
    const messages: unknown[] = [];
    const data: { label: string; payload: string | ArrayBuffer }[] = [];
    bo.on('message', (message) => messages.push(message));
    bo.on('data', ({ label, payload }) => data.push({ label, payload }));
    await ada.send('chat', { text: '早上好' });
    await vi.waitFor(
      () => expect(messages).toEqual([{ from: 'ada', topic: 'chat', payload: { text: '早上好' } }]),
      patience,
    );

    const bytes = Uint8Array.from({ length: 64 * 1_024 }, (_, at) => at % 251);
    // Whoever is there when a channel is opened hears it from a moment later on.
    await vi.waitFor(async () => {
      await ada.sendData('knock', { label: 'files' });
      expect(data.length).toBeGreaterThan(0);
    }, patience);
    for (let n = 0; n < 20; n += 1) await ada.sendData(bytes, { label: 'files' });
    await vi.waitFor(
      () => expect(data.filter(({ payload }) => payload !== 'knock')).toHaveLength(20),
      patience,
    );
    expect(new Uint8Array(data.at(-1)?.payload as ArrayBuffer)).toEqual(bytes);
    await vi.waitFor(async () => {
      await ada.sendData('here', { label: 'cursor', lossy: true });
      expect(data.some(({ label, payload }) => label === 'cursor' && payload === 'here')).toBe(true);
    }, patience);

    bo.handle('add', (payload, from) => {
      const { a, b } = payload as { a: number; b: number };
      return { sum: a + b, for: from };
    });
    expect(await ada.rpc('bo', 'add', { a: 20, b: 22 })).toEqual({ sum: 42, for: 'ada' });
    await expect(ada.rpc('bo', 'shout', {})).rejects.toMatchObject({ code: 'refused' });
  });

  it('loses nothing when its socket breaks', async () => {
    await product.room('broken');
    const ada = await come('broken', 'ada');
    const bo = await come('broken', 'bo');
    const frames = framesOf(bo, 'ada');
    const camera = await publish(ada);
    await more(frames);
    const id = camera.id;
    const back = vi.fn();
    const messages: unknown[] = [];
    bo.on('reconnected', back);
    bo.on('message', ({ payload }) => messages.push(payload));
    const tracks = [...bo.remoteTracks.values()];
    for (let round = 0; round < 3; round += 1) {
      bo.simulateDisconnect();
      await ada.send('count', round);
      // Asked without a connection: answered after it.
      const renamed = bo.setDisplayName(`Bo ${round}`);
      await vi.waitFor(() => expect(back).toHaveBeenCalledTimes(round + 1), patience);
      await renamed;
    }
    expect(back.mock.calls).toEqual([[true], [true], [true]]);
    await vi.waitFor(() => expect(messages).toEqual([0, 1, 2]), patience);
    await vi.waitFor(() => expect(ada.state.participants.get('bo')?.name).toBe('Bo 2'), patience);
    expect([...bo.remoteTracks.values()]).toEqual(tracks);
    await more(frames);
    expect(camera.id).toBe(id);
  });

  it('goes on over a restart of the control plane, with the same media', async () => {
    await product.room('restart');
    const ada = await come('restart', 'ada');
    const bo = await come('restart', 'bo');
    const frames = framesOf(bo, 'ada');
    const camera = await publish(ada);
    await more(frames);
    const id = camera.id;
    const back = vi.fn();
    ada.on('reconnected', back);
    bo.on('reconnected', back);
    await product.restartControl();
    await vi.waitFor(() => expect(back).toHaveBeenCalledTimes(2), patience);
    expect(back.mock.calls).toEqual([[true], [true]]);
    await more(frames);
    expect(camera.id).toBe(id);
    expect(bo.state.participants.get('ada')?.tracks.get(id ?? '')).toMatchObject({ subscribed: true });
    await ada.send('after', 1);
  });

  it('is moved to another room with what it sends', async () => {
    await product.room('from');
    await product.room('to');
    const ada = await come('from', 'ada', { role: 'host' });
    const bo = await come('from', 'bo');
    const cy = await come('to', 'cy');
    const frames = framesOf(cy, 'bo');
    await publish(bo);
    await ada.moderation.move('bo', 'to');
    await vi.waitFor(() => expect(bo.state.room.name).toBe('to'), patience);
    await more(frames);
    expect([...ada.state.participants.keys()]).toEqual(['ada']);
  });

  it('follows changed rights: what may not be sent any more ends', async () => {
    await product.room('rights');
    const ada = await come('rights', 'ada', { role: 'host' });
    const bo = await come('rights', 'bo');
    await publish(bo);
    const ended = vi.fn();
    bo.on('trackEnded', ended);
    await ada.moderation.setPermissions('bo', { publish: ['microphone'] });
    await vi.waitFor(() => expect(ended).toHaveBeenCalledTimes(1), patience);
    expect(bo.self?.permissions?.publish).toEqual(['microphone']);
    expect(bo.localTracks).toEqual([]);
    await expect(publish(bo)).rejects.toMatchObject({ code: 'refused', reason: 'room_forbidden' });
  });

  it('says why one can’t join', async () => {
    await product.room('closed-door', { maxParticipants: 1 });
    const ada = await come('closed-door', 'ada', { role: 'host' });
    await expect(come('closed-door', 'bo')).rejects.toMatchObject({ code: 'refused', reason: 'room_full' });
    await ada.moderation.lock(true);
    await expect(
      Room.connect({ url: product.wsUrl, room: 'closed-door', token: 'nonsense', handlerName: 'Chrome111' }),
    ).rejects.toMatchObject({ code: 'refused' });
    await expect(
      Room.connect({
        url: 'http://127.0.0.1:9',
        room: 'nowhere',
        backOff: { firstMs: 1, longestMs: 1, giveUpAfterMs: 5 },
      }),
    ).rejects.toMatchObject({ code: 'disconnected' });
  });
});
