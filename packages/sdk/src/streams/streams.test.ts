import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageAddress, socketAddress } from './address.ts';
import { afterClose, type Closed, giveUpAfterMs } from './after-close.ts';
import { countersOf, statsBetween } from './arrival.ts';
import { readHostCall, readPlayerMessage } from './embed-protocol.ts';
import { Emitter } from './emitter.ts';
import { readNotice } from './wire.ts';

describe('the address of a player socket', () => {
  it.each([
    [
      { url: '', app: 'demo' },
      'http://one.example/s/demo',
      'ws://one.example/signal/player/demo?extensions=1',
    ],
    [
      { url: 'https://two.example/backlot/', app: 'show room', role: 'viewer' as const },
      'http://one.example/',
      'wss://two.example/backlot/signal/player/show%20room?extensions=1&role=viewer',
    ],
    [
      { url: '', app: 'demo', ticket: 'a.b', sessionToken: 'c.d' },
      'https://one.example/',
      'wss://one.example/signal/player/demo?extensions=1&session=c.d',
    ],
    [
      { url: '', app: 'demo', sessionToken: 'c.d', resume: 'i7' },
      'https://one.example/',
      'wss://one.example/signal/player/demo?extensions=1&session=c.d&resume=i7',
    ],
  ])('%j', (parts, base, expected) => expect(socketAddress(parts, base)).toBe(expected));

  it('refuses what no stream can come over', () => {
    expect(() => socketAddress({ url: 'file:///x', app: 'demo' }, 'http://one.example/')).toThrow(TypeError);
  });

  it('keeps the ticket of a page out of every request', () => {
    const address = new URL(pageAddress({ url: '', app: 'demo', ticket: 'a.b' }, 'https://one.example/x'));
    expect(address.pathname).toBe('/s/demo');
    expect(address.search).toBe('');
    expect(address.hash).toBe('#ticket=a.b');
  });
});

describe('after a socket has closed', () => {
  const full = { code: 'queue_full', message: 'Too many people are waiting.' };
  const blip: Closed = { code: 1006, reason: '', ended: null, refused: null, failures: 0, downMs: 0 };
  it.each([
    ['a blip', blip, 'retry'],
    ['no code', { ...blip, code: 1005 }, 'retry'],
    ['a server that restarts', { ...blip, code: 1012 }, 'retry'],
    ['a server that is full', { ...blip, code: 1013 }, 'retry'],
    ['a fault of the server', { ...blip, code: 1011 }, 'retry'],
    ['a full queue', { ...blip, code: 1013, refused: full, failures: 2 }, 'retry'],
    ['a queue that stays full', { ...blip, code: 1013, refused: full, failures: 3 }, 'ended'],
    ['another role, however often', { ...blip, code: 1012, refused: full, failures: 9 }, 'retry'],
    ['the end of the session', { ...blip, code: 1001 }, 'ended'],
    ['a refusal', { ...blip, code: 1008 }, 'ended'],
    ['too long away', { ...blip, downMs: giveUpAfterMs }, 'ended'],
  ])('%s', (_what, closed, kind) => expect(afterClose(closed, 0.5).kind).toBe(kind));

  it('says who refused and why', () => {
    expect(afterClose({ ...blip, code: 1008, refused: full }, 0)).toEqual({
      kind: 'ended',
      reason: 'refused',
      ...full,
    });
  });

  it('comes back at once when told to, and spreads that over a fifth of a second', () => {
    expect(afterClose({ ...blip, code: 1012 }, 0)).toEqual({ kind: 'retry', afterMs: 0 });
    expect(afterClose({ ...blip, code: 1012 }, 1)).toEqual({ kind: 'retry', afterMs: 200 });
  });

  it('gives the reason that the server has said, whatever the code', () => {
    const ended = { reason: 'kicked', code: 'streams_kicked', message: 'Removed.' };
    expect(afterClose({ ...blip, code: 1012, ended }, 0)).toEqual({ kind: 'ended', ...ended });
  });

  it('waits longer with every failure, never longer than eight seconds, never at once', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.double({ min: 0, max: 1, noNaN: true }), (failures, spread) => {
        const next = afterClose({ ...blip, failures }, spread);
        expect(next.kind).toBe('retry');
        if (next.kind !== 'retry') return;
        expect(next.afterMs).toBeGreaterThanOrEqual(125);
        expect(next.afterMs).toBeLessThanOrEqual(8_000);
      }),
    );
    const wait = (failures: number) => {
      const next = afterClose({ ...blip, failures }, 1);
      return next.kind === 'retry' ? next.afterMs : Number.NaN;
    };
    expect([wait(0), wait(1), wait(2), wait(9)]).toEqual([250, 500, 1000, 8000]);
  });
});

describe('notices of the server', () => {
  it('are read with what is missing filled in', () => {
    expect(readNotice({ type: 'backlot.queued', position: 3, waitedMs: 1200 })).toEqual({
      type: 'backlot.queued',
      position: 3,
      waitedMs: 1200,
      estimateMs: null,
    });
    expect(readNotice({ type: 'backlot.controlWanted', by: '7' })).toEqual({
      type: 'backlot.controlWanted',
      by: '7',
      name: '',
    });
    expect(readNotice({ type: 'backlot.warning', why: 'idle', endsInMs: null })).toEqual({
      type: 'backlot.warning',
      why: 'idle',
      endsInMs: null,
    });
  });

  it('of a newer server, of Epic and of nobody are none', () => {
    for (const type of ['backlot.new', 'config', 'streamerList', 'pong', 7, null]) {
      expect(readNotice({ type })).toBeUndefined();
    }
    expect(readNotice({ type: 'backlot.session', sessionId: 's' })).toBeUndefined();
    expect(readNotice({ type: 'backlot.warning', why: 'bored', endsInMs: 5 })).toBeUndefined();
  });

  it('never throw, whatever arrives', () => {
    const types = fc.constantFrom(
      'session',
      'queued',
      'starting',
      'ready',
      'role',
      'warning',
      'ended',
      'else',
    );
    fc.assert(
      fc.property(types, fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()), (type, any, more) => {
        readNotice(any);
        const fields = ['position', 'step', 'by', 'endsInMs', 'reason', 'token'];
        for (const field of fields) readNotice({ ...more, type: `backlot.${type}`, [field]: any });
      }),
    );
  });
});

describe('how a stream arrives', () => {
  const report = (bytes: number, packets: number, lost: number, frames: number, local = 'host') =>
    new Map<string, object>([
      [
        'v',
        {
          type: 'inbound-rtp',
          kind: 'video',
          bytesReceived: bytes,
          packetsReceived: packets,
          packetsLost: lost,
          framesDecoded: frames,
          framesDropped: 1,
          jitter: 0.004,
          frameWidth: 1280,
          frameHeight: 720,
        },
      ],
      ['a', { type: 'inbound-rtp', kind: 'audio', bytesReceived: 99 }],
      ['t', { type: 'transport', selectedCandidatePairId: 'p2' }],
      [
        'p1',
        { type: 'candidate-pair', id: 'p1', nominated: true, state: 'succeeded', currentRoundTripTime: 9 },
      ],
      [
        'p2',
        {
          type: 'candidate-pair',
          id: 'p2',
          currentRoundTripTime: 0.0123,
          localCandidateId: 'l',
          remoteCandidateId: 'r',
        },
      ],
      ['l', { type: 'local-candidate', candidateType: local }],
      ['r', { type: 'remote-candidate', candidateType: 'host' }],
    ]);

  it('is measured between two moments', () => {
    const before = countersOf(report(1_000, 100, 0, 30), 0);
    const now = countersOf(report(251_000, 190, 10, 90), 2_000);
    expect(statsBetween(before, now)).toMatchObject({
      bitrateBps: 1_000_000,
      fps: 30,
      lostFraction: 0.1,
      rttMs: 12.3,
      jitterMs: 4,
      width: 1280,
      height: 720,
      relayed: false,
    });
    expect(countersOf(report(1, 1, 0, 1, 'relay'), 0).relayed).toBe(true);
  });

  it('has no rate at first, and none when the counters begin anew', () => {
    const first = countersOf(report(1_000, 100, 0, 30), 0);
    expect(statsBetween(null, first)).toMatchObject({ bitrateBps: null, lostFraction: null, fps: null });
    const anew = countersOf(report(10, 1, 0, 1), 1_000);
    expect(statsBetween(first, anew)).toMatchObject({ bitrateBps: null, lostFraction: null });
  });

  it('is null where a browser says nothing', () => {
    expect(statsBetween(null, countersOf(new Map(), 0))).toMatchObject({
      rttMs: null,
      relayed: null,
      width: null,
    });
  });
});

describe('messages between a player in a frame and its page', () => {
  it('are only those marked as such', () => {
    expect(readPlayerMessage({ source: 'backlot-player', event: 'playing', data: { muted: true } })).toEqual({
      source: 'backlot-player',
      event: 'playing',
      data: { muted: true },
    });
    expect(readPlayerMessage({ event: 'playing' })).toBeUndefined();
    expect(readHostCall({ source: 'backlot-host', call: 'command', descriptor: { a: 1 } })).toEqual({
      call: 'command',
      descriptor: { a: 1 },
    });
    expect(readHostCall({ source: 'backlot-host', call: 'command', descriptor: 'rm' })).toBeUndefined();
    expect(readHostCall({ source: 'backlot-host', call: 'eval' })).toBeUndefined();
    fc.assert(
      fc.property(fc.jsonValue(), (any) => {
        readPlayerMessage(any);
        readHostCall(any);
      }),
    );
  });
});

describe('events', () => {
  it('reach every listener once, also when one of them throws or leaves', async () => {
    const errors: unknown[] = [];
    const onError = (error: unknown) => errors.push(error);
    process.on('uncaughtException', onError);
    const listeners = process.listeners('uncaughtException').filter((one) => one !== onError);
    for (const one of listeners) process.off('uncaughtException', one);
    try {
      const emitter = new Emitter<{ ping: number }>();
      const heard: number[] = [];
      emitter.on('ping', () => {
        throw new Error('mine');
      });
      const off = emitter.on('ping', (value) => {
        heard.push(value);
        off();
      });
      emitter.on('ping', (value) => heard.push(value * 10));
      emitter.emit('ping', 1);
      emitter.emit('ping', 2);
      expect(heard).toEqual([1, 10, 20]);
      await new Promise((resolve) => setImmediate(resolve));
      expect(errors).toHaveLength(2);
    } finally {
      process.off('uncaughtException', onError);
      for (const one of listeners) process.on('uncaughtException', one);
    }
  });
});
