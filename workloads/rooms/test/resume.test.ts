import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeCodes } from '../contract.ts';
import { capabilities, type Person, parametersOf } from '../testing/person.ts';
import { openRoomHouse, type RoomHouse } from '../testing/room-house.ts';
import { shiftingClock } from '../testing/shifting-clock.ts';

/** What is left of a session when its socket breaks, its control plane dies, or its media is lost. The clock is put forward. */
const clock = shiftingClock();
let house: RoomHouse;
beforeAll(async () => {
  house = await openRoomHouse({ clock });
});
afterAll(() => house.close());

let rooms = 0;
const nextRoom = () => {
  rooms += 1;
  return `resume-${rooms}`;
};

async function come(room: string, identity: string, query: Record<string, string> = { client: 'backlot' }) {
  const person = await house.join({ room, identity, query });
  await person.request('createWebRtcTransport', { appData: { direction: 'consumer' } });
  const { transportId, id } = await person.request<{ transportId: string; id?: string }>(
    'createWebRtcTransport',
    { appData: { direction: 'producer' } },
  );
  await person.request('join', { displayName: identity, rtpCapabilities: capabilities, device: {} });
  return Object.assign(person, { sending: transportId ?? id });
}

const publish = (person: Person & { sending: string }) =>
  person.request<{ producerId: string }>('produce', {
    transportId: person.sending,
    kind: 'audio',
    rtpParameters: parametersOf('audio'),
    appData: { source: 'microphone' },
  });

const mediaOf = (person: { sending: string }) => {
  const room = house.media.rooms.find((one) => one.transports.has(person.sending));
  if (!room) throw new Error('There is no such transport.');
  return room;
};

/** Numbers from 1 on, none left out, none twice. */
const gapless = (person: Person) =>
  expect(person.seqs).toEqual(Array.from({ length: person.seqs.length }, (_, n) => n + 1));

async function untilAway(room: string, identity: string): Promise<void> {
  await expect
    .poll(async () => (await house.rooms.participant(room, identity)).state, { timeout: 60_000 })
    .toBe('away');
}

describe('a socket that breaks', () => {
  it('for 20 s loses nothing: the same session, the same media, everything that was said meanwhile', async () => {
    const room = nextRoom();
    const anna = await come(room, 'anna');
    const ben = await come(room, 'ben');
    await anna.untilSaid('newPeer');
    const before = mediaOf(anna).objects;
    anna.cut();
    await untilAway(room, 'anna');
    clock.advance(20_000);
    await ben.request('changeDisplayName', { displayName: 'Benjamin' });
    const { producerId } = await publish(ben);
    await ben.request('sendData', { topic: 'chat', payload: 'are you there?' });
    await anna.reconnect();
    expect(await anna.resume()).toMatchObject({ resumed: true, snapshot: null });
    await anna.untilSaid('data');
    expect(anna.said('peerDisplayNameChanged')).toMatchObject([{ displayName: 'Benjamin' }]);
    await anna.until(
      () => anna.askedFor('newConsumer').length === 1,
      'what was published meanwhile is offered',
    );
    expect(anna.askedFor('newConsumer')).toMatchObject([{ producerId }]);
    await anna.untilSaid('consumerScore');
    gapless(anna);
    // Two more things are there: the track, and its consumer.
    expect(mediaOf(anna).objects).toBe(before + 2);
    expect(ben.said('peerClosed')).toEqual([]);
    expect(await house.rooms.participant(room, 'anna')).toMatchObject({ state: 'connected' });
  });

  it('for 40 s has ended the session: whoever comes back joins cleanly, and nothing of before is left', async () => {
    const room = nextRoom();
    const anna = await come(room, 'anna');
    const ben = await come(room, 'ben');
    await publish(anna);
    anna.cut();
    await untilAway(room, 'anna');
    clock.advance(40_000);
    expect(await ben.untilSaid('peerClosed')).toMatchObject({ peerId: 'anna', reason: 'timed_out' });
    const media = mediaOf(ben);
    await expect.poll(() => media.objects, { timeout: 60_000 }).toBe(2);
    await anna.reconnect();
    expect(await anna.request('resume', { sessionId: anna.sessionId, lastSeq: 1 }).catch((e) => e.code)).toBe(
      'session_unknown',
    );
    expect(await anna.request('join', { displayName: 'Anna again' })).toMatchObject({
      state: 'joined',
      peers: [{ id: 'ben' }],
    });
  });

  it('of a demo’s client ends its place at once: it has no word for going on', async () => {
    const room = nextRoom();
    const ben = await come(room, 'ben');
    const old = await come(room, 'old', { vocabulary: '2024' });
    old.cut();
    expect(await ben.untilSaid('peerClosed')).toMatchObject({ peerId: 'old', reason: 'left' });
  });

  it('does not lose a request that was on its way: asked again with its number, it is done once', async () => {
    const room = nextRoom();
    const anna = await come(room, 'anna');
    let open = () => {};
    house.media.gate = new Promise((resolve) => {
      open = resolve;
    });
    const answer = publish(anna);
    await untilCalled();
    anna.cut();
    await untilAway(room, 'anna');
    house.media.gate = null;
    open();
    await anna.reconnect();
    await anna.resume();
    const { producerId } = await answer;
    expect(await house.rooms.tracks(room)).toMatchObject([{ id: producerId }]);
    // The same request once more, as a client does that is not sure: nothing is made a second time.
    anna.raw(JSON.stringify({ request: true, id: 4, method: 'produce', data: {} }));
    await anna.request('getTransportStats', { transportId: anna.sending });
    expect(await house.rooms.tracks(room)).toHaveLength(1);
    gapless(anna);
  });

  /** A request is in the room when the host's answer is all that is missing. */
  async function untilCalled(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }

  it('is replaced by a second one of the same session while the first still seems to live', async () => {
    const room = nextRoom();
    const anna = await come(room, 'anna');
    const { sessionId } = anna;
    const second = await house.join({ room, identity: 'anna', query: { client: 'backlot' }, firstId: 100 });
    await second.request('resume', { sessionId, lastSeq: anna.seqs.at(-1) });
    await anna.untilClosed();
    expect(await second.request('getTransportStats', { transportId: anna.sending })).toMatchObject({});
    expect(await house.rooms.participants(room)).toHaveLength(1);
  });

  it('of somebody else goes on with nobody’s session', async () => {
    const room = nextRoom();
    const anna = await come(room, 'anna');
    const thief = await house.join({ room, identity: 'thief', query: { client: 'backlot' } });
    expect(await thief.refused('resume', { sessionId: anna.sessionId, lastSeq: 0 })).toBe('session_unknown');
    const elsewhere = await house.join({ room: nextRoom(), identity: 'anna', query: { client: 'backlot' } });
    expect(await elsewhere.refused('resume', { sessionId: anna.sessionId, lastSeq: 0 })).toBe(
      'session_unknown',
    );
    expect(await anna.request('getTransportStats', { transportId: anna.sending })).toMatchObject({});
  });

  it('whose client never reads ends the session instead of filling the memory', async () => {
    const room = nextRoom();
    const anna = await come(room, 'anna');
    const ben = await come(room, 'ben');
    anna.cut();
    await untilAway(room, 'anna');
    const payload = 'x'.repeat(15_000);
    for (let n = 0; n < 350; n += 1) {
      await house.rooms.sendData(room, { from: null, topic: 'flood', payload });
    }
    expect(await ben.untilSaid('peerClosed')).toMatchObject({ peerId: 'anna', reason: 'refused' });
  });

  it('is told in its language when it reads but never says so, and when much is to be said of its end', async () => {
    const room = nextRoom();
    const query = { client: 'backlot', lang: 'zh-CN' };
    const anna = await come(room, 'anna', query);
    const payload = 'x'.repeat(15_000);
    for (let n = 0; n < 350 && !anna.closed; n += 1) {
      await house.rooms.sendData(room, { from: null, topic: 'flood', payload });
    }
    expect(await anna.untilClosed()).toEqual({
      code: closeCodes.slow,
      reason: '由于发送过多或未读取消息，连接已断开。请重新加入。',
    });
    const ben = await come(room, 'ben', query);
    const reason = '请遵守会议纪律。'.repeat(20);
    const by = { name: '主持人', identity: null, actor: house.core.actor };
    await house.rooms.kick(room, 'ben', by, { reason });
    expect(await ben.untilClosed()).toMatchObject({
      code: closeCodes.ended,
      reason: expect.stringMatching(/^主持人 已将您移出房间：请遵守会议纪律。/),
    });
  });
});

describe('a control plane that dies', () => {
  it('leaves media alone; sessions go on, and see what there is', async () => {
    const room = nextRoom();
    const anna = await come(room, 'anna');
    const ben = await come(room, 'ben');
    const { producerId } = await publish(ben);
    await anna.untilSaid('consumerScore');
    const media = mediaOf(anna);
    const { objects } = media;
    const calls = house.media.calls.length;
    await house.restart();
    await anna.untilClosed();
    await Promise.all([anna.reconnect(), ben.reconnect()]);
    const consumerIds = anna.askedFor('newConsumer').map(({ consumerId }) => consumerId);
    expect(await anna.resume({ consumerIds })).toMatchObject({
      resumed: true,
      snapshot: {
        self: { id: 'anna' },
        room: { name: room },
        peers: [{ id: 'ben', producers: [{ producerId }] }],
        consumerIds,
      },
    });
    await ben.resume();
    expect(media.objects).toBe(objects);
    const made = house.media.calls.slice(calls).map(({ method }) => method);
    expect(made).not.toContain('createWebRtcTransport');
    expect(made).not.toContain('removeParticipant');
    // And everything works as before.
    await ben.request('pauseProducer', { producerId });
    await anna.untilSaid('producerPaused');
    await anna.untilSaid('consumerPaused');
    gapless(anna);
  });

  it('offers again what a client has not got, and closes it first', async () => {
    const room = nextRoom();
    const anna = await come(room, 'anna');
    const ben = await come(room, 'ben');
    await publish(ben);
    await anna.untilSaid('consumerScore');
    await house.restart();
    await anna.untilClosed();
    await anna.reconnect();
    await anna.resume({ consumerIds: [] });
    await anna.until(() => anna.askedFor('newConsumer').length === 2, 'it is offered again');
    const media = mediaOf(anna);
    await expect
      .poll(() => [...media.consumers.values()], { timeout: 60_000 })
      .toMatchObject([{ paused: false }]);
  });

  it('puts out who does not come back in time, and has their media closed', async () => {
    const room = nextRoom();
    const anna = await come(room, 'anna');
    const ben = await come(room, 'ben');
    await publish(ben);
    const media = mediaOf(anna);
    await house.restart();
    await anna.untilClosed();
    await anna.reconnect();
    await anna.resume();
    clock.advance(31_000);
    expect(await anna.untilSaid('peerClosed')).toMatchObject({ peerId: 'ben', reason: 'timed_out' });
    await expect
      .poll(() => [...media.transports.values()].map(({ owner }) => owner), { timeout: 60_000 })
      .toEqual(['anna', 'anna']);
  });
});

describe('a room’s place in the fleet', () => {
  it('is given back also when the control plane ends just after closing the room', async () => {
    const [kept, closed] = [nextRoom(), nextRoom()];
    const anna = await come(kept, 'anna');
    const ben = await come(closed, 'ben');
    const jobs = await Promise.all(
      [kept, closed].map(async (name) => (await house.rooms.room(name)).row.job_id),
    );
    const intents = async () => {
      const found = await Promise.all(jobs.map((id) => house.kernel.jobs.get(id ?? '')));
      return found.map(({ intent }) => intent);
    };
    // All that was done by then: the room is closed, its job goes on.
    await house.rooms.store.become((await house.rooms.room(closed)).row, 'closed');
    await house.restart();
    await Promise.all([anna.untilClosed(), ben.untilClosed()]);
    await anna.reconnect();
    await anna.resume();
    expect(await intents()).toEqual(['run', 'run']);
    await expect
      .poll(
        () => {
          clock.advance(5_000);
          return intents();
        },
        { timeout: 60_000 },
      )
      .toEqual(['run', 'cancel']);
    // The other one is looked at as often, and stays.
    clock.advance(31_000);
    expect(await anna.request('getRtcStatsUrl')).toBeDefined();
    expect(await intents()).toEqual(['run', 'cancel']);
  });
});

describe('media that is lost', () => {
  it('with its worker is told to whom it concerns; they make it anew and see each other again', async () => {
    const room = nextRoom();
    const anna = await come(room, 'anna');
    const ben = await come(room, 'ben');
    await publish(ben);
    await anna.untilSaid('consumerScore');
    mediaOf(anna).loseAll();
    await anna.untilSaid('transportsLost');
    await ben.untilSaid('transportsLost');
    for (const person of [anna, ben]) {
      await person.request('createWebRtcTransport', { appData: { direction: 'consumer' } });
      const { transportId } = await person.request<{ transportId: string }>('createWebRtcTransport', {
        appData: { direction: 'producer' },
      });
      person.sending = transportId;
    }
    const { producerId } = await publish(ben);
    await anna.until(
      () => anna.askedFor('newConsumer').some((one) => one.producerId === producerId),
      'the new track is offered',
    );
    expect(anna.said('peerClosed')).toEqual([]);
  });

  it('sends a demo’s client away to come back, because it can’t be told', async () => {
    const room = nextRoom();
    const old = await come(room, 'old', { vocabulary: '2024' });
    mediaOf(old).loseAll();
    expect(await old.untilClosed()).toMatchObject({ code: closeCodes.again });
  });

  it('is found out also when nobody told: events that got lost are asked for', async () => {
    const room = nextRoom();
    const anna = await come(room, 'anna');
    const ben = await come(room, 'ben');
    const { producerId } = await publish(ben);
    await anna.untilSaid('consumerScore');
    const media = mediaOf(anna);
    media.deaf = true;
    media.say({ event: 'activeSpeaker', owner: 'ben', producerId, volume: -20 });
    media.deaf = false;
    media.say({ event: 'speakingPeers', volumes: [{ owner: 'ben', producerId, volume: -20 }] });
    expect(await anna.untilSaid('speakingPeers')).toMatchObject({ peerVolumes: [{ peerId: 'ben' }] });
    expect(anna.said('activeSpeaker')).toEqual([{ peerId: 'ben', volume: -20 }]);
  });

  it('is told of before it is known: an event that overtakes the answer is not lost', async () => {
    const room = nextRoom();
    const anna = await come(room, 'anna');
    const ben = await come(room, 'ben');
    const media = mediaOf(anna);
    let release = () => {};
    house.media.late = new Promise((resolve) => {
      release = resolve;
    });
    const answer = publish(anna);
    const producer = () => [...media.producers.values()][0];
    await expect.poll(producer, { timeout: 60_000 }).toBeDefined();
    const producerId = producer()?.id ?? '';
    media.say({ event: 'producerScore', owner: 'anna', producerId, score: [] });
    await anna.request('getRtcStatsUrl');
    house.media.late = null;
    release();
    await answer;
    expect(await anna.untilSaid('producerScore')).toEqual({ producerId, score: [] });
    // A track that ends while it is being offered: nobody keeps a consumer of it.
    await ben.untilSaid('consumerScore');
    let hold = () => {};
    house.media.late = new Promise((resolve) => {
      hold = resolve;
    });
    const second = publish(anna);
    await expect.poll(() => media.producers.size, { timeout: 60_000 }).toBe(2);
    house.media.late = null;
    hold();
    const { producerId: short } = await second;
    await anna.request('closeProducer', { producerId: short });
    await expect
      .poll(
        async () => {
          const member = (await house.rooms.room(room)).member('ben');
          return [...member.consumers.values()].map((one) => one.producerId);
        },
        { timeout: 60_000 },
      )
      .toEqual([producerId]);
  });

  it('whose host is away for a moment is waited for', async () => {
    const room = nextRoom();
    const anna = await come(room, 'anna');
    house.media.away = true;
    const answer = publish(anna);
    await new Promise((resolve) => setTimeout(resolve, 300));
    house.media.away = false;
    expect((await answer).producerId).toBeTruthy();
  });

  it('that nobody owns any more is closed: what the host has is what we know', async () => {
    const room = nextRoom();
    const anna = await come(room, 'anna');
    const ben = await come(room, 'ben');
    const media = mediaOf(anna);
    house.media.away = true;
    ben.notify('leave');
    await ben.request('leave').catch(() => undefined);
    await anna.untilSaid('peerClosed');
    // It could not be told for so long that it was given up.
    clock.advance(15_000);
    house.media.away = false;
    await expect
      .poll(
        () => {
          clock.advance(1_000);
          return [...media.transports.values()].map(({ owner }) => owner);
        },
        { timeout: 60_000 },
      )
      .toEqual(['anna', 'anna']);
  });
});

describe('time-outs', () => {
  it('close a room that everybody has left, and one to which nobody came; not before', async () => {
    const left = nextRoom();
    const anna = await come(left, 'anna');
    await anna.request('leave');
    await anna.untilClosed();
    const empty = nextRoom();
    await house.rooms.create(
      { name: empty, projectId: house.projectId, settings: { emptyTimeoutS: 100 } },
      house.core.actor,
    );
    clock.advance(19_000);
    expect(await house.rooms.get(left)).toMatchObject({ state: 'active', participants: 0 });
    clock.advance(2_000);
    await expect
      .poll(() => house.rooms.get(left).catch((error) => error.code), { timeout: 60_000 })
      .toBe('room_not_found');
    expect(await house.rooms.get(empty)).toMatchObject({ state: 'created' });
    clock.advance(100_000);
    await expect
      .poll(() => house.rooms.get(empty).catch((error) => error.code), { timeout: 60_000 })
      .toBe('room_not_found');
  });

  it('put out who connects and never joins', async () => {
    const idle = await house.join({ room: nextRoom(), identity: 'idle', query: { client: 'backlot' } });
    await idle.untilSaid('welcome');
    clock.advance(61_000);
    expect(await idle.untilClosed()).toMatchObject({ code: closeCodes.ended });
    const query = { client: 'backlot', lang: 'zh-CN' };
    const quiet = await house.join({ room: nextRoom(), identity: 'quiet', query });
    await quiet.untilSaid('welcome');
    clock.advance(61_000);
    const message = '您已连接，但长时间未加入房间。请重新加入。';
    expect(await quiet.untilClosed()).toEqual({ code: closeCodes.ended, reason: message });
    expect(await quiet.untilSaid('ended')).toMatchObject({ reason: 'timed_out', message });
  });
});
