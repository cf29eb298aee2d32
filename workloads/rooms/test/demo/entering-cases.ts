import { expect } from 'vitest';
import {
  askedFor,
  type Call,
  type Case,
  capabilities,
  consumerOf,
  type Data,
  id,
  patience,
  refusal,
  transport,
} from './call.ts';

/** Connecting, joining, publishing, and what everybody is told about that. */
export const enteringCases: readonly Case[] = [
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
];
