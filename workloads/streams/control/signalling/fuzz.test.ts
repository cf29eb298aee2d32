import { Writable } from 'node:stream';
import fc from 'fast-check';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeCodes, streamErrors, wireErrors } from '../../contract.ts';
import { type SignallingHouse, startSignalling, type WireClient } from '../../testing/signalling-house.ts';
import { closeCodeOf } from './house.ts';
import { usualLimits } from './limits.ts';

/**
 * Whatever anybody sends, on either socket: the process goes on, nobody else notices, and who is refused is told why.
 * Two pairs that behave well (one of a session, one in open mode) are connected all the time, and have to have received
 * not one byte more at the end than they sent each other.
 */
let house: SignallingHouse;
let victims: Pair[];
const errors: string[] = [];

interface Pair {
  readonly streamer: WireClient;
  readonly player: WireClient;
  readonly playerId: string;
}

beforeAll(async () => {
  const log = pino(
    { level: 'error' },
    new Writable({
      write(line, _encoding, done) {
        errors.push(String(line));
        done();
      },
    }),
  );
  // The pace of the pair that behaves is that of the test; limits of pace have tests of their own.
  const player = { ...usualLimits.player, perSecond: 5_000 };
  house = await startSignalling({ openMode: true, log, limits: { player } });
  house.rooms.tickets.set('victim', { instance: 'victim' });
  house.rooms.tickets.set('attacker', { instance: 'attacked' });
  house.rooms.tickets.set('watcher', { instance: 'attacked', role: 'viewer' });
  house.rooms.tickets.set('waiting', { instance: null });
  house.rooms.launch.set('attacker', { instanceId: 'attacked' });
  const streamer = await house.stage('victim');
  const page = await house.player('?ticket=victim&extensions=1');
  const open = await house.connect('/signal/streamer').opened();
  open.send({ type: 'endpointId', id: 'victim' });
  await open.next('endpointIdConfirm');
  const guest = await house.player('', '/');
  victims = [await negotiate(streamer, page, 'demo'), await negotiate(open, guest, 'victim')];
});
afterAll(() => house.close());

async function negotiate(streamer: WireClient, player: WireClient, id: string): Promise<Pair> {
  player.send({ type: 'listStreamers' });
  await player.next('streamerList');
  player.send({ type: 'subscribe', streamerId: id });
  const { playerId } = await streamer.next('playerConnected');
  streamer.send({ type: 'offer', sdp: 'v=0', playerId });
  await player.next('offer');
  player.send({ type: 'answer', sdp: 'v=0' });
  await streamer.next('answer');
  return { streamer, player, playerId: String(playerId) };
}

/**
 * The pair still works, and has received from the beginning only what it sent itself. In open mode anybody may subscribe,
 * so there a streamer also hears of others; what it hears of its own player is as much its own.
 */
async function expectUnharmed({ streamer, player, playerId }: Pair, mark: number): Promise<void> {
  const candidate = { candidate: `mark ${mark}` };
  streamer.send({ type: 'iceCandidate', playerId, candidate });
  player.send({ type: 'iceCandidate', candidate });
  expect(await player.next('iceCandidate')).toEqual({ type: 'iceCandidate', playerId, candidate });
  while (
    JSON.stringify(await streamer.next('iceCandidate')) !==
    JSON.stringify({ playerId, type: 'iceCandidate', candidate })
  );
  const heard = streamer.messages.filter((message) => message.playerId === playerId);
  expect(heard.map(({ type }) => type)).toEqual([
    'playerConnected',
    'answer',
    ...Array(mark).fill('iceCandidate'),
  ]);
  expect(player.messages.slice(-mark).map(({ type }) => type)).toEqual(Array(mark).fill('iceCandidate'));
  expect(player.all('iceCandidate')).toHaveLength(mark);
}

const types = [
  ...[
    'config',
    'identify',
    'endpointId',
    'endpointIdConfirm',
    'streamerIdChanged',
    'listStreamers',
    'streamerList',
  ],
  ...[
    'subscribe',
    'unsubscribe',
    'subscribeFailed',
    'playerConnected',
    'playerDisconnected',
    'offer',
    'answer',
  ],
  ...[
    'iceCandidate',
    'disconnectPlayer',
    'ping',
    'pong',
    'streamerDisconnected',
    'layerPreference',
    'warning',
  ],
  ...[
    'dataChannelRequest',
    'peerDataChannels',
    'peerDataChannelsReady',
    'streamerDataChannels',
    'startStreaming',
  ],
  ...['stopStreaming', 'playerCount', 'stats', 'backlot.activity', 'backlot.stats', 'backlot.takeControl'],
  ...['backlot.handOver', 'backlot.end', 'backlot.session', 'constructor', '__proto__', 'toString', ''],
];

/** Ids that belong to somebody else, as text and as numbers. */
const forgedId = fc.nat(3).map((index) => {
  const playerId = victims[index % 2]?.playerId ?? '';
  return index < 2 ? playerId : Number(playerId);
});
const value = fc.oneof(
  fc.jsonValue(),
  forgedId,
  fc.constantFrom('victim', 'demo', 'v=0\r\nm=application 9 x y\r\na=mid:0', -1, 1e308, '\u0000', 'é🎬'),
);
const message = fc
  .tuple(
    fc.constantFrom(...types),
    fc.record(
      {
        playerId: value,
        streamerId: value,
        id: value,
        sdp: value,
        candidate: value,
        reason: value,
        time: value,
        to: value,
        fps: value,
        framesDecoded: value,
        extra: value,
      },
      { requiredKeys: [] },
    ),
  )
  .map(([type, fields]) => JSON.stringify({ type, ...fields }));
const nested = fc
  .tuple(fc.integer({ min: 2, max: 20_000 }), fc.constantFrom('offer', 'answer', 'endpointId'))
  .map(([depth, type]) => `{"type":"${type}","a":${'['.repeat(depth)}${']'.repeat(depth)}}`);
const twice = fc
  .tuple(fc.constantFrom(...types), fc.constantFrom(...types), forgedId)
  .map(([a, b, id]) => `{"type":"${a}","playerId":"x","type":"${b}","playerId":${JSON.stringify(id)}}`);
const frame = fc.oneof(
  { weight: 6, arbitrary: message.map((text): string | Buffer => text) },
  { weight: 2, arbitrary: message.map((text): string | Buffer => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.json().map((text): string | Buffer => text) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }).map((text): string | Buffer => text) },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes): string | Buffer => Buffer.from(bytes)),
  },
  { weight: 1, arbitrary: nested.map((text): string | Buffer => text) },
  { weight: 1, arbitrary: twice.map((text): string | Buffer => text) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(60_000, 70_000, 300_000)
      .map((size): string | Buffer => `{"type":"offer","sdp":"${'x'.repeat(size)}"}`),
  },
);

const address = fc.constantFrom(
  '/signal/player/demo?ticket=attacker',
  '/signal/player/demo?ticket=attacker&extensions=1',
  '/signal/player/demo?ticket=watcher&extensions=1',
  '/signal/player/demo?ticket=waiting&extensions=1',
  '/signal/player/demo?ticket=unknown&extensions=1',
  `/signal/player/${'%00'.repeat(5)}?ticket=attacker&session=x&resume=victim&role=god`,
  '/signal/player',
  '/',
  '/?app=demo&ticket=attacker&StreamerId=victim',
  '/signal/streamer/attacker',
  '/signal/streamer/unknown',
  '/signal/streamer',
);

/** What a socket may be closed with, and why; the library's own two carry no sentence. */
const typed = new Set<number>(Object.values(closeCodes));
const withoutSentence = new Set<number>([closeCodes.malformed, closeCodes.tooLarge]);

describe('arbitrary frames on both sockets', () => {
  it('end no process, reach no other session, and are refused with a code and a sentence', async () => {
    let mark = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(address, fc.array(frame, { maxLength: 25 }), async (path, frames) => {
        const client = await house.connect(path).opened();
        for (const data of frames) if (client.socket.readyState === client.socket.OPEN) client.send(data);
        if (client.socket.readyState === client.socket.OPEN) {
          await Promise.race([client.settled().catch(() => undefined), client.closed]);
        }
        if (client.socket.readyState !== client.socket.OPEN) {
          const { code, reason } = await client.closed;
          refused += 1;
          expect(typed, `closed with ${code}`).toContain(code);
          if (!withoutSentence.has(code)) expect(reason).not.toBe('');
        }
        mark += 1;
        for (const pair of victims) await expectUnharmed(pair, mark);
        await client.close();
      }),
      { numRuns: 600 },
    );
    expect(refused).toBeGreaterThan(20);
    // The session's streamer has met one player in its life.
    expect(new Set(victims[0]?.streamer.messages.map(({ playerId }) => playerId))).toEqual(
      new Set([undefined, victims[0]?.playerId]),
    );
    expect(errors).toEqual([]);
    expect(house.room.counters.refused.get(wireErrors.signalling_fault.code)).toBeUndefined();
  }, 240_000);
});

describe('refusals of sessions and instances', () => {
  it.each(Object.values(streamErrors).map((kind) => [kind.code, kind] as const))(
    '%s ends the socket with its own sentence',
    async (_code, kind) => {
      house.rooms.refusal = kind;
      const client = house.connect('/signal/player/demo?ticket=unknown&extensions=1');
      expect(await client.next('backlot.refused')).toMatchObject({ code: kind.code });
      expect(await client.closed).toEqual({ code: closeCodeOf(kind), reason: expect.stringMatching(/\S/) });
      const streamer = house.connect('/signal/streamer/unknown');
      expect((await streamer.closed).code).toBe(closeCodeOf(kind));
    },
  );
});
