import { expect } from 'vitest';
import {
  askedFor,
  type Case,
  client,
  consumerOf,
  type Data,
  ice,
  id,
  patience,
  refusal,
  roomOf,
  tell,
} from './call.ts';

/** Steering what is sent and received, data channels, and leaving. */
export const steeringCases: readonly Case[] = [
  {
    name: 'downlinkBwe (2024 only)',
    run: async ({ ben, newest }) => {
      if (newest) return expect(ben.said('downlinkBwe')).toEqual([]);
      await expect
        .poll(() => ben.said('downlinkBwe')[0], patience)
        .toEqual({
          desiredBitrate: expect.any(Number),
          effectiveDesiredBitrate: expect.any(Number),
          availableBitrate: expect.any(Number),
        });
    },
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
