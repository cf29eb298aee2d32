import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { permissionsOf, roles, trackSources } from '../../../contract/grants.ts';
import { mayBecome, roomStates, roomTransitions } from '../../../contract/room.ts';
import { decideEntry, type EntryDecision, type EntryFacts } from './entry.ts';
import { expectedPackets } from './expected-packets.ts';
import { consequencesOf, isAnnounced, isSubscribed, mayPublish, sourceOf } from './rights.ts';
import { closesIn } from './timeouts.ts';

const open: EntryFacts = {
  room: { state: 'active', locked: false, lobby: false, maxParticipants: 3 },
  role: 'member',
  admin: false,
  present: false,
  participants: 1,
  banned: false,
  admitted: false,
  program: false,
};
const inRoom = (room: Partial<EntryFacts['room']>, rest: Partial<EntryFacts> = {}): EntryFacts => ({
  ...open,
  ...rest,
  room: { ...open.room, ...room },
});

describe('who gets in', () => {
  it.each<[string, EntryFacts, EntryDecision]>([
    ['anybody into an open room', open, 'enter'],
    ['nobody into a closed one', inRoom({ state: 'closed' }, { admin: true }), 'closed'],
    ['into one that is only known', inRoom({ state: 'created' }), 'enter'],
    ['into one that moves', inRoom({ state: 'moving' }), 'enter'],
    ['nobody new into one that drains', inRoom({ state: 'draining' }), 'draining'],
    ['whoever is there, while it drains', inRoom({ state: 'draining' }, { present: true }), 'enter'],
    ['nobody who was put out', inRoom({}, { banned: true, admin: true }), 'banned'],
    ['nobody past a lock', inRoom({ locked: true }), 'locked'],
    ['a moderator past a lock', inRoom({ locked: true }, { admin: true }), 'enter'],
    ['whoever comes back, past a lock', inRoom({ locked: true }, { present: true }), 'enter'],
    ['whoever was let in, past a lock', inRoom({ locked: true }, { admitted: true }), 'enter'],
    ['nobody into a full room', inRoom({}, { participants: 3 }), 'full'],
    ['not even a moderator into a full room', inRoom({}, { participants: 3, admin: true }), 'full'],
    ['whoever comes back into a full room', inRoom({}, { participants: 3, present: true }), 'enter'],
    ['people first into the lobby', inRoom({ lobby: true }), 'lobby'],
    ['moderators past the lobby', inRoom({ lobby: true }, { admin: true }), 'enter'],
    ['programs past the lobby', inRoom({ lobby: true }, { program: true }), 'enter'],
    ['whoever was let in, past the lobby', inRoom({ lobby: true }, { admitted: true }), 'enter'],
    ['nobody into the lobby of a locked room', inRoom({ lobby: true, locked: true }), 'locked'],
  ])('%s', (_what, facts, expected) => {
    expect(decideEntry(facts)).toBe(expected);
  });
});

describe('a room’s states', () => {
  it('end with closed, which every other state can become', () => {
    for (const state of roomStates) expect(mayBecome(state, 'closed')).toBe(state !== 'closed');
    expect(roomTransitions.closed).toEqual([]);
  });
  it('let nobody be moving or draining who never had a place', () => {
    expect(mayBecome('created', 'moving')).toBe(false);
    expect(mayBecome('created', 'draining')).toBe(false);
  });
});

describe('where a track comes from', () => {
  it.each([
    ['audio', {}, 'microphone'],
    ['video', {}, 'camera'],
    ['video', { share: true }, 'screen'],
    ['audio', { source: 'audio' }, 'microphone'],
    ['video', { source: 'video' }, 'camera'],
    ['video', { source: 'screensharing' }, 'screen'],
    ['audio', { source: 'screensharing' }, 'screen-audio'],
    ['video', { source: 'screen' }, 'screen'],
    ['audio', { source: 'screen-audio' }, 'screen-audio'],
    ['video', { source: 'microphone' }, 'other'],
    ['audio', { source: 'camera' }, 'other'],
    ['video', { source: 'drone' }, 'other'],
    ['video', { source: 7 }, 'camera'],
  ] as const)('%s with %j is %s', (kind, appData, expected) => {
    expect(sourceOf(kind, appData)).toBe(expected);
  });

  it('is one of our words whatever a client says', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('audio', 'video'),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (kind, appData) => {
          expect(trackSources).toContain(sourceOf(kind, appData));
        },
      ),
    );
  });
});

describe('rights', () => {
  it('of a viewer let nothing be published, and hidden people publish nothing whatever their rights', () => {
    for (const source of trackSources) {
      expect(mayPublish(permissionsOf('viewer'), source)).toBe(false);
      expect(mayPublish(permissionsOf('host', { hidden: true }), source)).toBe(false);
      expect(mayPublish(permissionsOf('member'), source)).toBe(true);
    }
  });

  it('by source hold for that source alone', () => {
    const permissions = permissionsOf('member', { publish: ['microphone'] });
    expect(trackSources.filter((source) => mayPublish(permissions, source))).toEqual(['microphone']);
  });

  it('that change end just what is not allowed any more', () => {
    const permissions = fc.record({
      publish: fc.uniqueArray(fc.constantFrom(...trackSources)),
      subscribe: fc.boolean(),
      data: fc.boolean(),
      hidden: fc.boolean(),
      admin: fc.boolean(),
    });
    fc.assert(
      fc.property(permissions, permissions, (before, after) => {
        const follows = consequencesOf(before, after);
        for (const source of trackSources) {
          if (follows.unpublish(source)) expect(mayPublish(after, source)).toBe(false);
          if (mayPublish(before, source) && !mayPublish(after, source))
            expect(follows.unpublish(source)).toBe(true);
        }
        expect(follows.subscribe && follows.unsubscribe).toBe(false);
        expect(follows.openData && follows.closeData).toBe(false);
      }),
    );
  });

  it('to a track need all of: being there, being allowed, being able, and wanting it', () => {
    const all = {
      own: false,
      joined: true,
      permitted: true,
      capable: true,
      hasTransport: true,
      asked: undefined,
      autoSubscribe: true,
    } as const;
    expect(isSubscribed(all)).toBe(true);
    for (const missing of ['joined', 'permitted', 'capable', 'hasTransport'] as const) {
      expect(isSubscribed({ ...all, [missing]: false, asked: 'in' })).toBe(false);
    }
    expect(isSubscribed({ ...all, own: true, asked: 'in' })).toBe(false);
    expect(isSubscribed({ ...all, autoSubscribe: false })).toBe(false);
    expect(isSubscribed({ ...all, autoSubscribe: false, asked: 'in' })).toBe(true);
    expect(isSubscribed({ ...all, asked: 'out' })).toBe(false);
  });

  it('roles differ in what they are called for', () => {
    expect(roles.map((role) => permissionsOf(role).admin)).toEqual([true, false, false]);
  });
});

describe('who is announced', () => {
  const viewer = { joined: true, hidden: false, admin: false, audience: false, tracks: 0 };
  it('is everybody but the hidden; in an audience room only who publishes or moderates', () => {
    expect(isAnnounced(viewer)).toBe(true);
    expect(isAnnounced({ ...viewer, joined: false })).toBe(false);
    expect(isAnnounced({ ...viewer, hidden: true })).toBe(false);
    expect(isAnnounced({ ...viewer, audience: true })).toBe(false);
    expect(isAnnounced({ ...viewer, audience: true, tracks: 1 })).toBe(true);
    expect(isAnnounced({ ...viewer, audience: true, admin: true })).toBe(true);
    expect(isAnnounced({ ...viewer, audience: true, admin: true, hidden: true })).toBe(false);
  });
});

describe('when an empty room is closed', () => {
  const room = {
    state: 'active',
    emptySince: 1_000,
    visited: false,
    emptyTimeoutS: 300,
    departureTimeoutS: 20,
  } as const;
  it.each([
    ['waits long for the first one', room, 2_000, 299_000],
    ['waits a moment for somebody to come back', { ...room, visited: true }, 2_000, 19_000],
    ['is due after that', { ...room, visited: true }, 31_000, -10_000],
    ['never, while somebody is there', { ...room, emptySince: null }, 2_000, null],
    ['never, when its settings say so', { ...room, emptyTimeoutS: 0 }, 2_000, null],
    ['never again', { ...room, state: 'closed' as const }, 2_000, null],
  ])('%s', (_what, facts, now, expected) => {
    expect(closesIn(facts, now)).toBe(expected);
  });
});

describe('what a room is reserved', () => {
  it('is more for an audience, and never more than one node can be asked for', () => {
    const call = expectedPackets({ audience: false, maxParticipants: 500 });
    const audience = expectedPackets({ audience: true, maxParticipants: 5_000 });
    expect(call).toBeGreaterThan(1_000);
    expect(audience).toBeGreaterThan(call);
    expect(audience).toBeLessThan(30_000);
    expect(expectedPackets({ audience: false, maxParticipants: 1 })).toBeGreaterThan(0);
  });
});
