import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppRecipe, type InstanceState, instanceStates, RecycleRules } from '../../contract.ts';
import { crashLoopAfter, pauseAfter } from './back-off.ts';
import { chooseVersion, isWanted } from './choose-version.ts';
import { type InstanceTimes, instanceDue, streamerGraceS } from './due.ts';
import { follow, type TaskFacts } from './follow-job.ts';
import { demandOf, launchOf } from './instance-job.ts';
import { atSessionEnd, wornOut } from './recycle.ts';

describe('the pause after failures in a row', () => {
  it('grows, has an end, and becomes a stop', () => {
    const pauses = [0, 1, 2, 3, 4].map(pauseAfter);
    expect(pauses).toEqual([0, 1_000, 2_000, 4_000, 8_000]);
    expect(pauseAfter(crashLoopAfter)).toBeNull();
    expect(pauseAfter(1_000)).toBeNull();
  });
});

describe('the version of the next instance', () => {
  const any = () => true;
  it.each([
    [{ active: 1, canary: null }, 0.5, 1],
    [{ active: null, canary: null }, 0.5, null],
    [{ active: 1, canary: { version: 2, share: 10 } }, 0.099, 2],
    [{ active: 1, canary: { version: 2, share: 10 } }, 0.1, 1],
    [{ active: null, canary: { version: 2, share: 10 } }, 0.9, null],
  ])('of %j at %s is %s', (release, random, version) => {
    expect(chooseVersion(release, any, random)).toBe(version);
  });

  it('is the active one when the canary can’t be started, and never the canary in place of the active one', () => {
    const release = { active: 1, canary: { version: 2, share: 50 } };
    expect(chooseVersion(release, (version) => version !== 2, 0)).toBe(1);
    expect(chooseVersion(release, (version) => version !== 1, 0.9)).toBeNull();
  });

  it('comes to the canary’s share over many starts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99 }), (share) => {
        const release = { active: 1, canary: { version: 2, share } };
        const starts = Array.from({ length: 1_000 }, (_, n) => chooseVersion(release, any, n / 1_000));
        const canaries = starts.filter((version) => version === 2).length;
        expect(Math.abs(canaries - share * 10)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('keeps what is released and retires the rest', () => {
    const release = { active: 3, canary: { version: 4, share: 5 } };
    expect([2, 3, 4].map((version) => isWanted(release, version))).toEqual([false, true, true]);
  });
});

describe('wear', () => {
  const rules = RecycleRules.parse({ memory: 1_000, vram: 500, ageSeconds: 60, sessions: 3 });
  const fresh = { ageSeconds: 1, sessions: 1, facts: { memory: 10, vram: 10 } };
  it.each([
    [{}, null],
    [{ facts: { memory: 1_000, vram: 10 } }, 'memory'],
    [{ facts: { memory: 10, vram: 500 } }, 'vram'],
    [{ facts: { memory: 10, vram: null } }, null],
    [{ facts: null }, null],
    [{ facts: { memory: 1_000, vram: 500 }, sessions: 0 }, null],
    [{ ageSeconds: 60 }, 'age'],
    [{ sessions: 3 }, 'sessions'],
    [{ sessions: 2 }, null],
  ])('of %j is %s', (worn, why) => {
    expect(wornOut({ ...fresh, ...worn }, rules)?.why ?? null).toBe(why);
  });

  it('means nothing without rules', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), (ageSeconds, sessions, memory) => {
        const worn = { ageSeconds, sessions, facts: { memory, vram: memory } };
        expect(wornOut(worn, RecycleRules.parse({}))).toBeNull();
      }),
    );
  });
});

describe('the end of a session', () => {
  const usual = { resettable: true, trial: false, connected: true, retiring: null, worn: null };
  it.each([
    [{}, { kind: 'reset', retire: null }],
    [{ resettable: false }, { kind: 'stop', why: 'session' }],
    [{ trial: true }, { kind: 'stop', why: 'session' }],
    [{ connected: false }, { kind: 'stop', why: 'streamer-lost' }],
    [{ worn: { why: 'memory', params: {} } }, { kind: 'reset', retire: 'memory' }],
    [
      { worn: { why: 'memory', params: {} }, resettable: false },
      { kind: 'stop', why: 'memory' },
    ],
    [{ retiring: { why: 'version', params: {} } }, { kind: 'reset', retire: 'version' }],
    [{ retiring: { why: 'drained', params: {} } }, { kind: 'stop', why: 'drained' }],
    [{ retiring: { why: 'stopped', params: {} } }, { kind: 'stop', why: 'stopped' }],
  ] as const)('with %j is %j', (given, expected) => {
    const boundary = atSessionEnd({ ...usual, ...given });
    expect(
      boundary.kind === 'reset'
        ? { kind: 'reset', retire: boundary.retire?.why ?? null }
        : { kind: 'stop', why: boundary.why.why },
    ).toEqual(expected);
  });

  it('never gives what one viewer has left to the next', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), (trial, connected) => {
        expect(atSessionEnd({ ...usual, resettable: false, trial, connected }).kind).toBe('stop');
      }),
    );
  });
});

describe('what time means for an instance', () => {
  const quiet: InstanceTimes = {
    state: 'ready',
    sinceStarted: 10,
    streamerGone: null,
    withoutPicture: null,
    pictureStands: false,
    resetLeft: null,
    startTimeout: 60,
    pictureTimeout: 30,
  };
  it.each([
    [{}, null],
    [{ state: 'starting', sinceStarted: 59 }, null],
    [{ state: 'starting', sinceStarted: 60 }, 'never-connected'],
    [{ state: 'starting', sinceStarted: null }, null],
    [{ state: 'assigned', withoutPicture: 30 }, 'no-picture'],
    [{ state: 'assigned', withoutPicture: null }, null],
    [{ streamerGone: streamerGraceS }, 'streamer-lost'],
    [{ streamerGone: streamerGraceS - 1 }, null],
    // Media does not need the socket.
    [{ state: 'assigned', streamerGone: 10_000 }, null],
    [{ state: 'assigned', streamerGone: streamerGraceS, pictureStands: true }, 'streamer-lost'],
    [{ state: 'assigned', streamerGone: null, pictureStands: true }, null],
    [{ state: 'resetting', resetLeft: 0 }, 'reset-failed'],
    [{ state: 'resetting', resetLeft: 1 }, null],
  ] as const)('%j: %s', (given, why) => {
    expect(instanceDue({ ...quiet, ...given })).toBe(why);
  });

  it('is nothing for one that is on its way out', () => {
    const ending = instanceStates.filter((state) => state === 'stopping' || state === 'ended');
    for (const state of ending)
      expect(
        instanceDue({
          ...quiet,
          state: state as InstanceState,
          sinceStarted: 1e9,
          streamerGone: 1e9,
          resetLeft: -1,
        }),
      ).toBeNull();
  });
});

describe('an instance follows its task', () => {
  const place = {
    id: 'a',
    node_id: 'n',
    state: 'running' as const,
    started: true,
    resources: {} as NonNullable<TaskFacts['allocation']>['resources'],
  };
  it.each([
    [{ state: 'queued', allocation: null }, false, { kind: 'again' }],
    [{ state: 'queued', allocation: place }, true, { kind: 'over', why: 'node-lost' }],
    [
      { state: 'placed', allocation: { ...place, started: false } },
      false,
      { kind: 'placed', running: false },
    ],
    [{ state: 'running', allocation: place }, false, { kind: 'placed', running: true }],
    [{ state: 'succeeded', allocation: place }, true, { kind: 'over', why: 'exited' }],
    [{ state: 'failed', allocation: place }, true, { kind: 'over', why: 'crashed' }],
    [
      { state: 'failed', allocation: { ...place, started: false } },
      false,
      { kind: 'over', why: 'start-failed' },
    ],
    [{ state: 'held', allocation: null }, false, { kind: 'over', why: 'start-failed' }],
    [{ state: 'canceled', allocation: place }, true, { kind: 'over', why: 'stopped' }],
  ] as const)('%j (connected once: %s)', (task, connectedOnce, following) => {
    expect(follow({ connectedOnce, allocationId: 'a' }, { failure: null, ...task })).toEqual(following);
  });

  it('is over when its task runs elsewhere by now, once somebody may have seen it', () => {
    const task = { state: 'running', failure: null, allocation: { ...place, id: 'b' } } as const;
    expect(follow({ connectedOnce: true, allocationId: 'a' }, task)).toEqual({
      kind: 'over',
      why: 'node-lost',
    });
    expect(follow({ connectedOnce: false, allocationId: 'a' }, task)).toEqual({
      kind: 'placed',
      running: true,
    });
  });
});

describe('what an instance asks of a node', () => {
  const recipe = (rest: object) => AppRecipe.parse({ launch: { argv: ['app'] }, ...rest });
  const features = (rest: object) => demandOf('app', recipe(rest)).constraints?.capabilities?.[0]?.features;

  it('is a counted place only where the app limits it', () => {
    expect(demandOf('app', recipe({})).resources.slot).toBeUndefined();
    expect(demandOf('app', recipe({ resources: { perGpu: 2 } })).resources.slot).toEqual({
      key: 'streams:app',
      perNode: null,
      perGpu: 2,
    });
  });

  it('is the platform when there is only one, and WebRTC where a peer of ours is needed', () => {
    expect(features({})).toEqual([]);
    expect(features({ platforms: { windows: null, macos: null } })).toEqual(['linux']);
    expect(features({ reset: { kind: 'message', payload: {} } })).toEqual(['webrtc']);
    expect(features({ launch: { argv: ['backlot:demo'] } })).toEqual(['webrtc']);
  });
});

it('what is started is told without its environments, which only the node gets', () => {
  const launch = { argv: ['game'] as [string], cwd: '/game', env: { KEY: 'a secret' } };
  const windows = { argv: ['Game.exe'] as [string], env: { OTHER: 'another secret' } };
  const { secrets, ...told } = launchOf({ launch, platforms: { windows, macos: null } });
  expect(told).toEqual({
    launch: { ...launch, env: {} },
    platforms: { windows: { ...windows, env: {} }, macos: null },
  });
  expect(secrets).toEqual({ env: launch.env, platformEnv: { windows: windows.env } });
});
