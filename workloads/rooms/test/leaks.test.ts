import { randomInt } from 'node:crypto';
import { BacklotError } from '@backlot/contract';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MethodName, methods } from '../contract.ts';
import { fingerprint } from '../testing/fake-media.ts';
import { type LiveProduct, openLiveProduct } from '../testing/live-product.ts';
import { findWorker, noWorker } from '../testing/media-house.ts';
import { capabilities, Person, parametersOf } from '../testing/person.ts';

/**
 * Nonsense and haste: nothing that a client says or stops saying ends a process, and what the workers have is what we
 * know, always. Real workers; no packet has to flow for that.
 */
const worker = await findWorker();
const patience = { timeout: 60_000, interval: 100 };
const joins = Number(process.env.BACKLOT_TEST_JOINS ?? 300);

describe.skipIf(!worker)(`what clients do to the media host (${worker ? 'real workers' : noWorker})`, () => {
  let product: LiveProduct;
  let pids: number[];
  beforeAll(async () => {
    product = await openLiveProduct();
    await product.room('fuzz', { departureTimeoutS: 0, emptyTimeoutS: 0 });
    pids = (await product.media('fuzz', 'usage', {})).workers.map(({ pid }) => pid);
  });
  afterAll(() => product?.close());

  const connect = (identity: string, own = true) =>
    Person.connect({
      url: product.wsUrl,
      room: 'fuzz',
      identity,
      query: own ? { client: 'backlot' } : {},
    });

  /** What the workers themselves say that they have, and what we say. */
  async function books() {
    const [transports, description, usage] = await Promise.all([
      product.media('fuzz', 'dump', { kind: 'transport' }),
      product.media('fuzz', 'describe', {}),
      product.media('fuzz', 'usage', {}),
    ]);
    const room = await product.rooms.room('fuzz');
    const ours = { transports: 0, producers: 0, consumers: 0 };
    for (const member of room.members.values()) {
      ours.transports += member.transports.size;
      ours.producers += member.tracks.size;
      ours.consumers += member.consumers.size;
    }
    const ofWorkers = (what: 'producerIds' | 'consumerIds') =>
      new Set(transports.flatMap((one) => one[what] as string[])).size;
    return {
      ours,
      workers: {
        // Pipes between workers are the host's own.
        transports: transports.filter((one) =>
          description.transports.some((known) => known.transportId === one.id),
        ).length,
        producers: description.producers.length,
        consumers: description.consumers.length,
      },
      dumped: { producers: ofWorkers('producerIds'), consumers: ofWorkers('consumerIds') },
      pids: usage.workers.map(({ pid }) => pid),
    };
  }

  it(`has nothing left of people after ${joins} random joins and leaves`, async () => {
    let next = 0;
    let done = 0;
    /** Somebody who comes, does some of what people do, and goes in one of the ways in which people go. */
    const life = async () => {
      next += 1;
      // Now and then two with the same name.
      const person = await connect(`p${randomInt(5) === 0 ? next - 1 : next}`, randomInt(3) > 0);
      const ways = [
        () =>
          person.request('createWebRtcTransport', { appData: { direction: 'consumer' }, consuming: true }),
        () =>
          person.request('createWebRtcTransport', { appData: { direction: 'producer' }, producing: true }),
        () => person.request('join', { displayName: 'x', rtpCapabilities: capabilities }),
        async () => {
          const room = await product.rooms.room('fuzz');
          const member = room.members.get(person.options.identity ?? '');
          const transport = [...(member?.transports.values() ?? [])].find(
            ({ direction }) => direction === 'producer',
          );
          if (!transport) return;
          const kind = randomInt(2) ? 'audio' : 'video';
          const rtpParameters = parametersOf(kind);
          await person.request('produce', { transportId: transport.id, kind, rtpParameters, appData: {} });
        },
      ];
      for (const way of ways) {
        if (randomInt(10) === 0) continue;
        const doing = way().catch(() => undefined);
        // Whoever is in haste goes while they are being answered.
        if (randomInt(6) === 0) break;
        await Promise.race([doing, person.untilClosed().catch(() => undefined)]);
      }
      const end = randomInt(3);
      if (end === 0) person.notify('leave');
      if (end === 1) {
        await Promise.race([person.request('leave').catch(() => undefined), person.untilClosed()]);
      }
      person.close();
      done += 1;
    };
    const stop = joins;
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        while (next < stop) await life();
      }),
    );
    expect(done).toBeGreaterThanOrEqual(joins);
    // Those whose sockets just broke have 30 s to come back; they are put out now instead.
    const room = await product.rooms.room('fuzz');
    for (const member of [...room.members.values()]) {
      // Some of them are just leaving by themselves.
      await product.rooms
        .kick('fuzz', member.identity, { name: 'test', identity: null, actor: null })
        .catch((error: unknown) => {
          if (!(error instanceof BacklotError) || error.code !== 'participant_not_found') throw error;
        });
    }
    const none = { transports: 0, producers: 0, consumers: 0 };
    await expect
      .poll(books, patience)
      .toEqual({ ours: none, workers: none, dumped: { producers: 0, consumers: 0 }, pids });
  }, 300_000);

  it('goes on whatever the data of a method is', async () => {
    const person = await connect('fuzzer');
    await person.request('join', { rtpCapabilities: capabilities });
    const { transportId } = await person.request<{ transportId: string }>('createWebRtcTransport', {});
    const names = (Object.keys(methods) as MethodName[]).filter((name) => name !== 'leave');
    const ids = fc.constantFrom(transportId, 'none', '', 'x'.repeat(70));
    const nearly = fc.record(
      {
        transportId: ids,
        producerId: ids,
        consumerId: ids,
        dataProducerId: ids,
        kind: fc.constantFrom('audio', 'video', 'smell'),
        rtpParameters: fc.oneof(
          fc.jsonValue(),
          fc.constant(parametersOf('audio')),
          fc.constant({ ...parametersOf('video'), encodings: [{}, {}, { ssrc: 5 }] }),
          fc.constant({ codecs: [{ mimeType: 'video/VP8', payloadType: 96, clockRate: 1 }] }),
        ),
        dtlsParameters: fc.oneof(
          fc.jsonValue(),
          fc.constant({ role: 'auto', fingerprints: [{ algorithm: 'sha-256', value: fingerprint }] }),
          fc.constant({ role: 'client', fingerprints: [{ algorithm: 'sha-512', value: fingerprint }] }),
        ),
        sctpStreamParameters: fc.oneof(fc.jsonValue(), fc.constant({ streamId: 65_534, maxRetransmits: 0 })),
        appData: fc.jsonValue(),
        peerId: fc.constantFrom('fuzzer', 'nobody'),
        spatialLayer: fc.integer(),
        priority: fc.integer(),
        views: fc.jsonValue(),
        payload: fc.jsonValue(),
        sessionId: fc.string(),
        seq: fc.integer(),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.oneof(nearly, fc.jsonValue()), async (method, data) => {
        // The moderator's own methods would put the fuzzer out.
        if (method === 'kickPeer' || method === 'movePeer' || method === 'lockRoom') return;
        await person.request(method, data as object).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }),
      { numRuns: 400 },
    );
    expect(person.closed).toBeNull();
    expect((await books()).pids).toEqual(pids);
    person.close();
  }, 120_000);

  it('cuts off who speaks no protoo, and nobody else', async () => {
    const innocent = await connect('innocent');
    await innocent.request('join', {});
    for (const text of [
      '',
      '{',
      '[]',
      'null',
      '{"request":true}',
      '"x"',
      '{"request":true,"id":-1,"method":"join"}',
    ]) {
      const rude = await connect('rude');
      rude.raw(text);
      expect(await rude.untilClosed()).toMatchObject({ code: 1008 });
    }
    const flooder = await connect('flooder');
    for (let n = 0; n < 2_000; n += 1) flooder.notify('ack', { seq: 0 });
    expect(await flooder.untilClosed()).toMatchObject({ code: 1008 });
    expect(await innocent.request('changeDisplayName', { displayName: 'still here' })).toEqual({});
    innocent.close();
  }, 180_000);
});
