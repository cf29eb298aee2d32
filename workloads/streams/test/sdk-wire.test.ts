import { type PlayerNotice, readNotice, type ServerNotice } from '@backlot/sdk/streams/wire';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { PlayerExtension, ServerExtension, type ServerExtensionInput } from '../contract.ts';

/**
 * The SDK has shapes of its own for what the server says (a package never imports a workload). This is what holds the two
 * together: everything the contract can say is understood, and everything that the SDK says is allowed.
 */
const id = '01a00000-0000-7000-8000-000000000001';
const said: {
  readonly [Type in ServerExtensionInput['type']]: Extract<ServerExtensionInput, { type: Type }>;
} = {
  'backlot.session': {
    type: 'backlot.session',
    sessionId: id,
    playerId: '1001',
    token: 'a.b.c',
    role: 'viewer',
    app: { slug: 'demo', name: 'Demo' },
  },
  'backlot.queued': { type: 'backlot.queued', position: 2, waitedMs: 3, estimateMs: null },
  'backlot.starting': { type: 'backlot.starting', step: 'starting', reason: null },
  'backlot.ready': { type: 'backlot.ready', stream: id },
  'backlot.role': { type: 'backlot.role', role: 'viewer', controllers: 1, viewers: 2 },
  'backlot.controlWanted': { type: 'backlot.controlWanted', by: '1002', name: 'Lin' },
  'backlot.warning': { type: 'backlot.warning', why: 'limit', endsInMs: 5 },
  'backlot.ended': { type: 'backlot.ended', reason: 'idle', code: 'streams.ended.idle', message: 'Over.' },
  'backlot.refused': { type: 'backlot.refused', code: 'queue_full', message: 'Full.' },
};

const reports: readonly PlayerNotice[] = [
  { type: 'backlot.activity' },
  {
    type: 'backlot.stats',
    bitrateBps: 8_000_000,
    rttMs: 12.3,
    fps: 59.9,
    lostFraction: 0.01,
    jitterMs: 2.5,
    width: 1920,
    height: 1080,
    framesDecoded: 100,
    framesDropped: 1,
    relayed: false,
  },
  {
    type: 'backlot.stats',
    bitrateBps: null,
    rttMs: null,
    fps: null,
    lostFraction: null,
    jitterMs: null,
    width: null,
    height: null,
    framesDecoded: null,
    framesDropped: null,
    relayed: null,
  },
  { type: 'backlot.takeControl' },
  { type: 'backlot.handOver', to: '1002' },
  { type: 'backlot.end' },
];

describe('the SDK and the wire', () => {
  it('have the same notices', () => {
    expectTypeOf<ServerNotice['type']>().toEqualTypeOf<ServerExtensionInput['type']>();
    expectTypeOf<PlayerNotice['type']>().toEqualTypeOf<PlayerExtension['type']>();
  });

  it.each(Object.entries(said))(
    '%s of the server is understood with all that the page uses',
    (type, message) => {
      expect(ServerExtension.safeParse(message).error).toBeUndefined();
      const notice = readNotice(JSON.parse(JSON.stringify(message)));
      expect(notice?.type).toBe(type);
      expect(message).toMatchObject(notice ?? { nothing: 'was understood' });
    },
  );

  it.each(reports)('$type of the page is allowed', (report) => {
    const parsed = PlayerExtension.safeParse(JSON.parse(JSON.stringify(report)));
    expect(parsed.data).toEqual(report);
  });
});
