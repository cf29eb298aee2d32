import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DemoClient } from '../testing/demo-client.ts';
import { type LiveProduct, openLiveProduct } from '../testing/live-product.ts';
import { findWorker, noWorker } from '../testing/media-house.ts';

/**
 * Every request and notification of the mediasoup-demo of 2024 and of the newest one, by stock clients (protoo-client and
 * mediasoup-client on a real WebRTC stack) against the whole product with real mediasoup workers. The cases of a
 * vocabulary are one call, in the order in which the demo's app makes it.
 */
const worker = await findWorker();
const patience = { timeout: 30_000, interval: 50 };

type Data = Record<string, unknown>;
/** What a case works with: Anna publishes, Ben receives. */
interface Call {
  anna: DemoClient;
  ben: DemoClient;
  product: LiveProduct;
  /** The newest demo's names of ids; else those of 2024. */
  newest: boolean;
  audio: string;
  video: string;
}
/** By hand: a request, and what its answer must be. */
interface Case {
  readonly name: string;
  readonly run: (call: Call) => Promise<unknown> | unknown;
}

const id = expect.stringMatching(/^[0-9a-f-]{36}$/);
const ice = { usernameFragment: expect.any(String), password: expect.any(String), iceLite: true };
const capabilities = { codecs: expect.any(Array), headerExtensions: expect.any(Array) };
const transport = {
  iceParameters: ice,
  iceCandidates: expect.arrayContaining([expect.objectContaining({ protocol: 'udp', type: 'host' })]),
  dtlsParameters: { role: 'auto', fingerprints: expect.any(Array) },
  sctpParameters: expect.any(Object),
};

const consumerOf = (call: Call, producerId: string) => {
  const consumer = [...call.ben.consumers.values()].find((one) => one.producerId === producerId);
  if (!consumer) throw new Error('Ben has no consumer of it.');
  return consumer;
};
const askedFor = (client: DemoClient, method: string) =>
  client.requests.filter((one) => one.method === method).map(({ data }) => data);
/** What became a notification in the newest demo and was a request in that of 2024. */
const tell = async ({ newest }: Call, client: DemoClient, method: string, data: Data) => {
  if (newest) await client.peer.notify(method, data);
  else expect(await client.request(method, data)).toEqual({});
};
const refusal = (request: Promise<unknown>) =>
  request.then(
    () => 'accepted',
    ({ code, message }: { code?: number; message: string }) => ({ code, message }),
  );

const cases: readonly Case[] = [
  {
    name: 'mediasoup-version / mediasoupVersion is said first',
    run: ({ anna, newest }) =>
      expect(anna.notifications[0]).toEqual({
        method: newest ? 'mediasoupVersion' : 'mediasoup-version',
        data: { version: '3.27.1' },
      }),
  },
  {
    name: 'getRouterRtpCapabilities',
    run: async ({ anna, newest }) =>
      expect(await anna.request('getRouterRtpCapabilities')).toEqual(
        newest ? { routerRtpCapabilities: capabilities } : capabilities,
      ),
  },
  {
    name: 'getRtcStatsUrl',
    run: async ({ anna }) => expect(await anna.request('getRtcStatsUrl')).toEqual({}),
  },
  {
    name: 'an unknown method is answered 500',
    run: async ({ anna }) => expect(await refusal(anna.request('dance'))).toMatchObject({ code: 500 }),
  },
  {
    name: 'join answers who is there',
    run: ({ ben, newest }) =>
      expect(ben.peers).toEqual([
        {
          ...(newest ? { peerId: 'anna', remoteAddress: expect.any(String) } : { id: 'anna' }),
          displayName: 'ANNA',
          device: { flag: 'chrome', name: 'Chrome', version: '120' },
        },
      ]),
  },
  {
    name: 'join once more is refused',
    run: async ({ ben }) =>
      expect(await refusal(ben.request('join', { displayName: 'x', device: {} }))).toMatchObject({
        code: 409,
      }),
  },
  {
    name: 'newPeer',
    run: async ({ anna, newest }) => {
      const peer = { displayName: 'BEN', device: { flag: 'chrome', name: 'Chrome', version: '120' } };
      await expect
        .poll(() => anna.said('newPeer'), patience)
        .toEqual([
          newest
            ? { peer: { peerId: 'ben', remoteAddress: expect.any(String), ...peer } }
            : { id: 'ben', ...peer },
        ]);
    },
  },
  {
    name: 'createWebRtcTransport',
    run: async ({ anna, newest }) => {
      const asked = newest
        ? { forceTcp: false, appData: { direction: 'producer' } }
        : { forceTcp: false, producing: true, consuming: false, sctpCapabilities: null };
      expect(await anna.request('createWebRtcTransport', asked)).toEqual(
        newest ? { transportId: id, ...transport } : { id, ...transport },
      );
    },
  },
  {
    name: 'createWebRtcTransport with forceTcp offers TCP alone',
    run: async ({ anna, newest }) => {
      const way = newest ? { appData: { direction: 'consumer' } } : { producing: false, consuming: true };
      const { iceCandidates } = await anna.request('createWebRtcTransport', { forceTcp: true, ...way });
      const protocols = (iceCandidates as { protocol: string }[]).map(({ protocol }) => protocol);
      expect(new Set(protocols)).toEqual(new Set(['tcp']));
    },
  },
  {
    name: 'produce (audio), and connectWebRtcTransport before it',
    run: async (call) => {
      const producer = await call.anna.publish('audio');
      expect(producer.id).toEqual(id);
      call.audio = producer.id;
      await expect.poll(() => call.anna.send.connectionState, patience).toBe('connected');
    },
  },
  {
    name: 'produce (video, two layers)',
    run: async (call) => {
      const producer = await call.anna.publish('video');
      expect(producer.id).toEqual(id);
      call.video = producer.id;
    },
  },
  {
    name: 'produce on a transport of nobody is refused',
    run: async ({ anna }) =>
      expect(
        await refusal(
          anna.request('produce', {
            transportId: 'none',
            kind: 'audio',
            rtpParameters: {
              codecs: [{ mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2 }],
            },
          }),
        ),
      ).toMatchObject({ code: 404 }),
  },
  {
    name: 'connectWebRtcTransport without a fingerprint is refused before it comes to a worker',
    run: async ({ anna }) =>
      expect(
        await refusal(
          anna.request('connectWebRtcTransport', {
            transportId: anna.send.id,
            dtlsParameters: { role: 'client', fingerprints: [] },
          }),
        ),
      ).toMatchObject({ code: 400 }),
  },
  {
    name: 'newConsumer',
    run: async ({ ben, audio, video, newest }) => {
      await expect.poll(() => askedFor(ben, 'newConsumer').length, patience).toBe(2);
      for (const [producerId, kind] of [
        [audio, 'audio'],
        [video, 'video'],
      ] as const) {
        expect(askedFor(ben, 'newConsumer').find((one) => one.producerId === producerId)).toEqual({
          peerId: 'anna',
          producerId,
          kind,
          rtpParameters: expect.any(Object),
          type: kind === 'video' ? 'simulcast' : 'simple',
          producerPaused: false,
          ...(newest
            ? {
                consumerId: id,
                transportId: ben.recv.id,
                consumerScore: expect.objectContaining({ score: expect.any(Number) }),
                appData: { peerId: 'anna', source: kind },
              }
            : { id, appData: expect.objectContaining({ peerId: 'anna' }) }),
        });
      }
    },
  },
  {
    name: 'media flows: Ben decodes sound and pictures',
    run: async ({ ben, audio, video }) => {
      await expect.poll(() => ben.decoded(audio), patience).toBeGreaterThan(20);
      await expect.poll(() => ben.decoded(video), patience).toBeGreaterThan(5);
    },
  },
  {
    name: 'producerScore',
    run: async ({ anna, audio }) => {
      await expect
        .poll(() => anna.said('producerScore').find(({ producerId }) => producerId === audio), patience)
        .toMatchObject({ score: [{ ssrc: expect.any(Number), score: expect.any(Number) }] });
    },
  },
  {
    name: 'consumerScore',
    run: async (call) => {
      const { id: consumerId } = consumerOf(call, call.audio);
      await expect
        .poll(() => call.ben.said('consumerScore').find((one) => one.consumerId === consumerId), patience)
        .toMatchObject({ score: { score: expect.any(Number), producerScore: expect.any(Number) } });
    },
  },
  {
    name: 'consumerLayersChanged',
    run: async (call) => {
      const { id: consumerId } = consumerOf(call, call.video);
      const layers = { spatialLayer: expect.any(Number), temporalLayer: expect.any(Number) };
      await expect
        .poll(
          () =>
            call.ben
              .said('consumerLayersChanged')
              .find((one) => one.consumerId === consumerId && (one.layers ?? one.spatialLayer) !== null),
          patience,
        )
        .toEqual(call.newest ? { consumerId, layers } : { consumerId, ...layers });
    },
  },
  {
    name: 'activeSpeaker',
    run: async ({ ben, newest }) => {
      await expect
        .poll(() => ben.said('activeSpeaker').find(({ peerId }) => peerId === 'anna'), patience)
        .toEqual(newest ? { peerId: 'anna' } : expect.objectContaining({ peerId: 'anna' }));
    },
  },
  {
    name: 'speakingPeers (newest only)',
    run: async ({ ben, newest }) => {
      if (!newest) return expect(ben.said('speakingPeers')).toEqual([]);
      await expect
        .poll(
          () => ben.said('speakingPeers').find((one) => (one.peerVolumes as unknown[]).length > 0),
          patience,
        )
        .toEqual({ peerVolumes: [{ peerId: 'anna', volume: expect.any(Number) }] });
    },
  },
  ...(
    [
      ['getTransportStats', ({ anna }: Call) => ({ transportId: anna.send.id }), 'anna', 'webrtc-transport'],
      ['getProducerStats', ({ video }: Call) => ({ producerId: video }), 'anna', 'inbound-rtp'],
      [
        'getConsumerStats',
        (call: Call) => ({ consumerId: consumerOf(call, call.video).id }),
        'ben',
        'outbound-rtp',
      ],
    ] as const
  ).map(([method, data, who, type]) => ({
    name: method,
    run: async (call: Call) => {
      const answer = await call[who].request(method, data(call));
      const stats = (call.newest ? answer.stats : answer) as unknown as Data[];
      expect(stats.some((one) => one.type === type)).toBe(true);
    },
  })),
  {
    name: 'statistics of others’ objects are refused',
    run: async ({ ben, audio }) =>
      expect(await refusal(ben.request('getProducerStats', { producerId: audio }))).toMatchObject({
        code: 404,
      }),
  },
  {
    name: 'pauseConsumer, resumeConsumer',
    run: async (call) => {
      const { id: consumerId } = consumerOf(call, call.audio);
      const paused = async () => {
        const { consumers } = await call.product.media(roomOf(call.newest), 'describe', {});
        return consumers.find((one) => one.consumerId === consumerId)?.paused;
      };
      await tell(call, call.ben, 'pauseConsumer', { consumerId });
      await expect.poll(paused, patience).toBe(true);
      await tell(call, call.ben, 'resumeConsumer', { consumerId });
      await expect.poll(paused, patience).toBe(false);
    },
  },
  {
    name: 'setConsumerPreferredLayers',
    run: async (call) => {
      const { id: consumerId } = consumerOf(call, call.video);
      await tell(call, call.ben, 'setConsumerPreferredLayers', {
        consumerId,
        spatialLayer: 0,
        temporalLayer: 0,
      });
      await expect
        .poll(async () => {
          const { consumers } = await call.product.media(roomOf(call.newest), 'describe', {});
          return consumers.find((one) => one.consumerId === consumerId)?.preferredLayers;
        }, patience)
        .toEqual({ spatialLayer: 0, temporalLayer: 0 });
    },
  },
  {
    name: 'setConsumerPriority',
    run: async (call) => {
      const { id: consumerId } = consumerOf(call, call.video);
      await tell(call, call.ben, 'setConsumerPriority', { consumerId, priority: 7 });
      await expect
        .poll(async () => {
          const { consumers } = await call.product.media(roomOf(call.newest), 'describe', {});
          return consumers.find((one) => one.consumerId === consumerId)?.priority;
        }, patience)
        .toBe(7);
    },
  },
  {
    name: 'requestConsumerKeyFrame',
    run: async (call) => {
      const { id: consumerId } = consumerOf(call, call.video);
      const asked = async () => {
        const answer = await call.anna.request('getProducerStats', { producerId: call.video });
        const stats = (call.newest ? answer.stats : answer) as unknown as { pliCount: number }[];
        return stats.reduce((sum, one) => sum + one.pliCount, 0);
      };
      const before = await asked();
      // A worker passes on one a second at most; asked again until one was let through.
      await expect
        .poll(async () => {
          await tell(call, call.ben, 'requestConsumerKeyFrame', { consumerId });
          return await asked();
        }, patience)
        .toBeGreaterThan(before);
    },
  },
  {
    name: 'pauseProducer, resumeProducer → consumerPaused, consumerResumed',
    run: async (call) => {
      const { id: consumerId } = consumerOf(call, call.audio);
      await tell(call, call.anna, 'pauseProducer', { producerId: call.audio });
      await expect.poll(() => call.ben.said('consumerPaused'), patience).toContainEqual({ consumerId });
      await tell(call, call.anna, 'resumeProducer', { producerId: call.audio });
      await expect.poll(() => call.ben.said('consumerResumed'), patience).toContainEqual({ consumerId });
    },
  },
  {
    name: 'changeDisplayName → peerDisplayNameChanged',
    run: async (call) => {
      await tell(call, call.anna, 'changeDisplayName', { displayName: 'Anna B.' });
      await expect
        .poll(() => call.ben.said('peerDisplayNameChanged'), patience)
        .toEqual([{ peerId: 'anna', displayName: 'Anna B.', oldDisplayName: 'ANNA' }]);
    },
  },
  {
    name: 'newDataConsumer of the bot, to whom nobody is peer',
    run: async ({ ben, newest }) => {
      const bot = () => askedFor(ben, 'newDataConsumer').find(({ label }) => label === 'bot');
      await expect.poll(bot, patience).toEqual({
        dataProducerId: id,
        sctpStreamParameters: expect.any(Object),
        label: 'bot',
        protocol: '',
        ...(newest
          ? { dataConsumerId: id, transportId: ben.recv.id, appData: { channel: 'bot' } }
          : { id, peerId: null, appData: expect.any(Object) }),
      });
    },
  },
  {
    name: 'produceData (chat) → newDataConsumer, and its messages come',
    run: async (call) => {
      const { anna, ben, newest } = call;
      const channel = await anna.publishData('chat');
      expect(channel.id).toEqual(id);
      const offered = () =>
        askedFor(ben, 'newDataConsumer').find(({ dataProducerId }) => dataProducerId === channel.id);
      await expect.poll(offered, patience).toMatchObject({
        peerId: 'anna',
        label: 'chat',
        ...(newest ? { appData: { peerId: 'anna', channel: 'chat' } } : {}),
      });
      await expect
        .poll(() => {
          channel.send('hello Ben');
          return ben.messages;
        }, patience)
        .toContain('hello Ben');
    },
  },
  {
    name: 'produceData (bot): the bot repeats what it is told, and nobody else is offered the channel',
    run: async ({ anna, ben }) => {
      const channel = await anna.publishData('bot');
      await expect
        .poll(() => {
          channel.send('hello bot');
          return anna.messages;
        }, patience)
        .toContain('Anna B. said me: "hello bot"');
      expect(
        askedFor(ben, 'newDataConsumer').some(({ dataProducerId }) => dataProducerId === channel.id),
      ).toBe(false);
    },
  },
  {
    name: 'getDataProducerStats, getDataConsumerStats',
    run: async (call) => {
      const { anna, ben, newest } = call;
      const channel = askedFor(ben, 'newDataConsumer').find(({ label }) => label === 'chat') as Data;
      const of = (answer: Data) => (newest ? answer.stats : answer) as unknown as Data[];
      const producer = await anna.request('getDataProducerStats', { dataProducerId: channel.dataProducerId });
      expect(of(producer)).toMatchObject([{ type: 'data-producer', label: 'chat' }]);
      const dataConsumerId = newest ? channel.dataConsumerId : channel.id;
      const consumer = await ben.request('getDataConsumerStats', { dataConsumerId });
      expect(of(consumer)).toMatchObject([{ type: 'data-consumer', label: 'chat' }]);
    },
  },
  {
    name: 'restartIce',
    run: async ({ anna, newest }) => {
      const answer = await anna.request('restartIce', { transportId: anna.send.id });
      expect(answer).toEqual(newest ? { iceParameters: ice } : ice);
      const iceParameters = (newest ? answer.iceParameters : answer) as never;
      await anna.send.restartIce({ iceParameters });
      await expect.poll(() => anna.send.connectionState, patience).toBe('connected');
    },
  },
  {
    name: 'closeProducer → consumerClosed',
    run: async (call) => {
      const { id: consumerId } = consumerOf(call, call.video);
      await tell(call, call.anna, 'closeProducer', { producerId: call.video });
      await expect.poll(() => call.ben.said('consumerClosed'), patience).toEqual([{ consumerId }]);
    },
  },
  {
    name: 'applyNetworkThrottle with a wrong secret is refused',
    run: async ({ ben }) =>
      expect(
        await refusal(ben.request('applyNetworkThrottle', { secret: 'guessed', uplink: 1_000, options: {} })),
      ).toMatchObject({ code: 403 }),
  },
  {
    name: 'resetNetworkThrottle / stopNetworkThrottle',
    run: async ({ ben, newest }) =>
      expect(
        await ben.request(newest ? 'stopNetworkThrottle' : 'resetNetworkThrottle', {
          secret: 'a secret of tests',
        }),
      ).toEqual({}),
  },
  {
    name: 'whoever joins later is offered what is there',
    run: async ({ product, audio, newest }) => {
      const carl = client(product, newest, 'carl');
      await carl.join();
      await expect
        .poll(() => askedFor(carl, 'newConsumer').map(({ producerId }) => producerId), patience)
        .toEqual([audio]);
      await expect.poll(() => carl.decoded(audio), patience).toBeGreaterThan(5);
      carl.close();
    },
  },
  {
    name: 'the same peer joining again closes the older one, for good',
    run: async ({ product, newest }) => {
      const [first, second] = [client(product, newest, 'dora'), client(product, newest, 'dora')];
      await first.opened();
      await second.opened();
      await expect.poll(() => first.closed, patience).toBe(true);
      expect(second.closed).toBe(false);
      second.close();
    },
  },
  {
    name: 'applyNetworkThrottle',
    run: async ({ ben, newest }) => {
      const limits = { uplink: 10_000, downlink: 10_000, rtt: 20, packetLoss: 0 };
      const asked = newest ? { options: { up: 10_000, down: 10_000, rtt: 20 } } : limits;
      expect(await ben.request('applyNetworkThrottle', { secret: 'a secret of tests', ...asked })).toEqual(
        {},
      );
    },
  },
  {
    name: 'peerClosed, and the end of what the peer had: consumerClosed, dataConsumerClosed',
    run: async (call) => {
      const { product, newest } = call;
      const eva = client(product, newest, 'eva');
      await eva.join();
      const { anna } = call;
      const before = {
        consumers: eva.consumers.size,
        offered: () => askedFor(eva, 'newDataConsumer').filter(({ label }) => label === 'chat').length,
      };
      await expect.poll(() => eva.consumers.size, patience).toBe(1);
      await expect.poll(before.offered, patience).toBe(1);
      const [consumer] = eva.consumers.values();
      anna.close();
      await expect.poll(() => eva.said('peerClosed'), patience).toContainEqual({ peerId: 'anna' });
      await expect
        .poll(() => eva.said('consumerClosed'), patience)
        .toContainEqual({ consumerId: consumer?.id });
      await expect.poll(() => eva.said('dataConsumerClosed').length, patience).toBe(1);
      eva.close();
    },
  },
];

const roomOf = (newest: boolean) => (newest ? 'demo-newest' : 'demo-2024');
const client = (product: LiveProduct, newest: boolean, peerId: string) =>
  new DemoClient({
    url: product.wsUrl,
    roomId: roomOf(newest),
    peerId,
    vocabulary: newest ? 'newest' : '2024',
  });

describe.skipIf(!worker)(
  `signalling as a mediasoup-demo’s app knows it (${worker ? 'real workers' : noWorker})`,
  () => {
    let product: LiveProduct;
    beforeAll(async () => {
      product = await openLiveProduct();
    });
    afterAll(() => product?.close());

    describe.each([
      ['of 2024', false],
      ['of today', true],
    ])('%s', (_when, newest) => {
      const call = { newest, audio: '', video: '' } as Call;
      beforeAll(async () => {
        call.product = product;
        call.anna = client(product, newest, 'anna');
        call.ben = client(product, newest, 'ben');
        await call.anna.join();
        await call.ben.join();
      });
      afterAll(() => {
        call.anna?.close();
        call.ben?.close();
      });
      it.each(cases.map((one) => [one.name, one.run] as const))('%s', async (_name, run) => {
        await run(call);
      });
    });
  },
);
