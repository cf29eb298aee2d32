import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { joinData } from '../testing/data-peer.ts';
import { findWorker, type MediaHouse, noWorker, openMediaHouse, patience } from '../testing/media-house.ts';
import { publishRtp } from '../testing/rtp-publisher.ts';
import { joinViewer, type Viewer } from '../testing/viewer.ts';

const workerBin = await findWorker();

describe.skipIf(!workerBin)(`the media host${workerBin ? '' : `: ${noWorker}`}`, () => {
  let house: MediaHouse;
  beforeAll(async () => {
    house = await openMediaHouse({ workerBin: workerBin ?? '', workers: 2 });
  });
  afterAll(() => house?.close());

  it('carries a publisher to encrypted viewers on the home worker and over a pipe on another', async () => {
    // So small that the second viewer needs an edge.
    const room = await house.openRoom({ maxConsumersPerRouter: 1 });
    const publisher = await publishRtp(room, { owner: 'ann', kind: 'video', packetsPerSecond: 50 });
    const rtpCapabilities = await room.call('getRouterRtpCapabilities', {});
    const viewers: Viewer[] = [];
    for (const owner of ['bob', 'eve'])
      viewers.push(await joinViewer(room, { owner, producerIds: [publisher.producerId], rtpCapabilities }));
    await vi.waitFor(() => {
      for (const viewer of viewers) expect(viewer.received).toBeGreaterThan(100);
    }, patience);
    const description = await room.call('describe', {});
    expect(new Set(description.transports.map(({ worker }) => worker)).size).toBe(2);
    expect(description.consumers.map(({ owner }) => owner).sort()).toEqual(['bob', 'eve']);
    expect(viewers.map(({ missing }) => missing)).toEqual([0, 0]);
    for (const viewer of viewers) viewer.close();
    publisher.close();
    await room.close();
  });

  it('refuses nonsense and what belongs to somebody else, with a code, and goes on', async () => {
    const room = await house.openRoom();
    const publisher = await publishRtp(room, { owner: 'ann', kind: 'audio', packetsPerSecond: 50 });
    const { producerId, transportId } = publisher;
    const refusals: [string, unknown, string][] = [
      ['rooms.nothing', {}, 'invalid'],
      ['rooms.__proto__', {}, 'invalid'],
      ['rooms.createWebRtcTransport', {}, 'invalid'],
      ['rooms.createWebRtcTransport', { owner: 'bob', direction: 'sideways' }, 'invalid'],
      ['rooms.connectWebRtcTransport', { transportId, dtlsParameters: { fingerprints: [] } }, 'invalid'],
      ['rooms.closeTransport', { transportId: 'none' }, 'not_found'],
      ['rooms.closeTransport', { transportId, owner: 'bob' }, 'not_found'],
      ['rooms.pauseProducer', { producerId, owner: 'bob' }, 'not_found'],
      // A WebRTC call to a plain transport.
      ['rooms.restartIce', { transportId, owner: 'ann' }, 'invalid'],
      [
        'rooms.produce',
        {
          transportId,
          kind: 'video',
          rtpParameters: { codecs: [{ mimeType: 'video/none', payloadType: 1, clockRate: 1 }] },
        },
        'invalid',
      ],
      ['rooms.consume', { transportId, producerId, rtpCapabilities: { codecs: [] } }, 'cannot_consume'],
      ['rooms.sendData', { message: { text: 'to nobody' } }, 'invalid'],
      ['rooms.setParticipant', { owner: 'ann', state: 'x'.repeat(40_000) }, 'invalid'],
    ];
    for (const [method, payload, code] of refusals)
      expect(await room.ask(method, payload), `${method} ${JSON.stringify(payload)}`).toMatchObject({
        ok: false,
        code,
      });
    await room.call('pauseProducer', { producerId, owner: 'ann' });
    expect((await room.call('describe', {})).producers).toMatchObject([{ producerId, paused: true }]);
    publisher.close();
    await room.close();
  });

  it('keeps what control told it, and gives back its events after a number', async () => {
    const room = await house.openRoom();
    await room.call('setParticipant', { owner: 'ann', state: { name: 'Ann', grants: ['x'] } });
    const publisher = await publishRtp(room, { owner: 'ann', kind: 'video', packetsPerSecond: 50 });
    const { seq, participants } = await room.call('describe', {});
    expect(participants).toEqual([{ owner: 'ann', state: { name: 'Ann', grants: ['x'] } }]);
    await room.call('removeParticipant', { owner: 'ann' });
    const later = await room.call('eventsAfter', { after: seq });
    expect(later).toMatchObject({ complete: true });
    expect(later.events).toContainEqual(
      expect.objectContaining({ event: 'producerClosed', owner: 'ann', producerId: publisher.producerId }),
    );
    const events = room.events.map((event) => event.seq);
    expect(events).toEqual(events.map((_, index) => index + 1));
    expect(await room.call('describe', {})).toMatchObject({
      participants: [],
      transports: [],
      producers: [],
    });
    publisher.close();
    await room.close();
  });

  it('tells who speaks', async () => {
    const room = await house.openRoom({ levelIntervalMs: 250 });
    const publisher = await publishRtp(room, {
      owner: 'ann',
      kind: 'audio',
      packetsPerSecond: 50,
      level: 20,
    });
    await room.hear('activeSpeaker', ({ owner }) => owner === 'ann');
    const { volumes } = await room.hear('speakingPeers', (event) => event.volumes.length > 0);
    expect(volumes).toMatchObject([{ owner: 'ann', producerId: publisher.producerId, volume: -20 }]);
    publisher.close();
    await room.hear('activeSpeaker', ({ owner }) => owner === null);
    await room.close();
  });

  it('chooses layers by what is visible, and tells the publisher what nobody wants', async () => {
    const room = await house.openRoom();
    const publisher = await publishRtp(room, {
      owner: 'ann',
      kind: 'video',
      packetsPerSecond: 20,
      layers: 3,
    });
    const { producerId } = publisher;
    const rtpCapabilities = await room.call('getRouterRtpCapabilities', {});
    const viewer = await joinViewer(room, { owner: 'bob', producerIds: [producerId], rtpCapabilities });
    const layers = async () => (await room.call('describe', {})).consumers[0]?.preferredLayers?.spatialLayer;
    const see = (width: number, height: number) =>
      room.call('setViewport', { owner: 'bob', views: [{ producerId, width, height }] });
    await see(320, 180);
    expect(await layers()).toBe(0);
    await room.hear('wantedLayers', ({ owner, spatialLayer }) => owner === 'ann' && spatialLayer === 0);
    await see(1_280, 720);
    expect(await layers()).toBe(2);
    await room.hear('wantedLayers', ({ spatialLayer }) => spatialLayer === 2);
    await see(0, 0);
    await room.hear('wantedLayers', ({ spatialLayer }) => spatialLayer === null);
    const [consumerId = ''] = viewer.consumerIds;
    const [dump] = await room.call('dump', { kind: 'consumer', id: consumerId });
    expect(dump).toMatchObject({ paused: true });
    viewer.close();
    publisher.close();
    await room.close();
  });

  it('makes the network of one participant worse and of nobody else', async () => {
    const room = await house.openRoom();
    const publisher = await publishRtp(room, { owner: 'ann', kind: 'video', packetsPerSecond: 50 });
    const producerIds = [publisher.producerId];
    const rtpCapabilities = await room.call('getRouterRtpCapabilities', {});
    const free = await joinViewer(room, { owner: 'free', producerIds, rtpCapabilities });
    const first = await joinViewer(room, { owner: 'slow', producerIds, rtpCapabilities });
    const throttle = { loss: 0.15, rttMs: 20 };
    const { transportsLost } = await room.call('throttle', { owner: 'slow', throttle });
    expect(transportsLost).toEqual([first.transportId]);
    await room.hear('transportsLost', ({ owner, reason }) => owner === 'slow' && reason === 'throttled');
    first.close();
    const slow = await joinViewer(room, { owner: 'slow', producerIds, rtpCapabilities });
    await vi.waitFor(() => {
      expect(free.received).toBeGreaterThan(200);
      expect(slow.missing).toBeGreaterThan(10);
    }, patience);
    expect(free.missing).toBe(0);
    // Over the relay it changes at once, without new transports.
    expect(await room.call('throttle', { owner: 'slow', throttle: null })).toEqual({ transportsLost: [] });
    for (const viewer of [slow, free]) viewer.close();
    publisher.close();
    await room.close();
  });

  it('carries data, hears it, and sends of its own, over workers', async () => {
    const room = await house.openRoom({ maxConsumersPerRouter: 1 });
    const { dataProducerId: bot } = await room.call('openServerData', { label: 'bot' });
    expect(await room.call('openServerData', { label: 'bot' })).toEqual({ dataProducerId: bot });
    const ann = await joinData(room, 'ann');
    const { dataProducerId } = await room.call('produceData', {
      transportId: ann.transportId,
      owner: 'ann',
      sctpStreamParameters: { streamId: ann.streamId, ordered: true },
      label: 'chat',
    });
    await room.call('listenData', { dataProducerId, listen: true });
    await ann.send('hello');
    await room.hear('dataMessage', ({ owner, text }) => owner === 'ann' && text === 'hello');
    const consumer = await room.call('consumeData', {
      transportId: ann.transportId,
      owner: 'ann',
      dataProducerId: bot,
    });
    expect(consumer).toMatchObject({ owner: null, label: 'bot' });
    await ann.listen(Number(consumer.sctpStreamParameters?.streamId));
    await room.call('sendData', { dataProducerId: bot, message: { text: 'I have counted 1' } });
    await vi.waitFor(() => expect(ann.messages).toContain('I have counted 1'), patience);
    ann.close();
    await room.close();
  });

  it('sends with the payload types that a receiver has offered, on a router of its own that goes with it', async () => {
    const room = await house.openRoom();
    const publisher = await publishRtp(room, { owner: 'ann', kind: 'video', packetsPerSecond: 50 });
    const codec = {
      kind: 'video',
      mimeType: 'video/VP8',
      clockRate: 90_000,
      preferredPayloadType: 77,
    } as const;
    const transport = await room.call('createWebRtcTransport', {
      owner: 'whep',
      direction: 'recv',
      codecs: [codec],
    });
    const consumer = await room.call('consume', {
      transportId: transport.transportId,
      owner: 'whep',
      producerId: publisher.producerId,
      rtpCapabilities: { codecs: [codec] },
    });
    expect(consumer.rtpParameters.codecs[0]?.payloadType).toBe(77);
    expect(consumer.producerId).toBe(publisher.producerId);
    expect(await room.call('dump', { kind: 'router' })).toHaveLength(2);
    await room.call('closeTransport', { transportId: transport.transportId });
    await vi.waitFor(
      async () => expect(await room.call('dump', { kind: 'router' })).toHaveLength(1),
      patience,
    );
    publisher.close();
    await room.close();
  });
});
