import { describe, expect, it } from 'vitest';
import { apply, curtainOf, initialState, type PlayerChange, type PlayerState } from './player-state.ts';

const start = initialState('controller', false, 0);
const after = (...changes: PlayerChange[]): PlayerState =>
  changes.reduce((state, change, at) => apply(state, change, at * 1_000), start);
const phase = (name: PlayerState['phase']): PlayerChange => ({ name: 'phase', event: { phase: name } });
const queued: PlayerChange = { name: 'queued', event: { position: 3, waitedMs: 100, estimateMs: 60_000 } };
const playing: PlayerChange = { name: 'playing', event: { muted: false, width: 1280, height: 720 } };

describe('what lies over the picture', () => {
  it.each([
    ['at first', [], { kind: 'connecting' }],
    ['in the queue', [queued, phase('queued')], { kind: 'queued', position: 3 }],
    [
      'while it starts',
      [queued, { name: 'starting', event: { step: 'placing', progress: 0 } }, phase('starting')],
      { kind: 'starting', step: 'placing' },
    ],
    ['when a click is needed', [phase('blocked')], { kind: 'click' }],
    ['while it plays', [playing, phase('playing')], null],
    ['while it reconnects with a picture', [playing, phase('playing'), phase('reconnecting')], null],
    [
      'while it reconnects without one',
      [{ name: 'reconnecting', event: { attempt: 2, afterMs: 500 } }, phase('reconnecting')],
      { kind: 'reconnecting', attempt: 2 },
    ],
    [
      'when it is refused for now',
      [{ name: 'refused', event: { code: 'queue_full', message: '' } }],
      { kind: 'refused', code: 'queue_full' },
    ],
    [
      'at the end',
      [playing, phase('playing'), { name: 'ended', event: { reason: 'idle', code: 'x', message: '' } }],
      { kind: 'ended', reason: 'idle', code: 'x' },
    ],
  ] satisfies [string, PlayerChange[], unknown][])('%s', (_when, changes, curtain) => {
    expect(curtainOf(after(...changes))).toEqual(curtain);
  });
});

describe('warnings', () => {
  const idle: PlayerChange = { name: 'warning', event: { why: 'idle', endsInMs: 60_000 } };
  it('count from when they were given', () => {
    expect(after(playing, idle).warning).toEqual({ why: 'idle', endsAt: 61_000 });
  });
  it('are taken back by their own kind only', () => {
    const limitOff: PlayerChange = { name: 'warning', event: { why: 'limit', endsInMs: null } };
    const idleOff: PlayerChange = { name: 'warning', event: { why: 'idle', endsInMs: null } };
    expect(after(idle, limitOff).warning).not.toBeNull();
    expect(after(idle, idleOff).warning).toBeNull();
  });
});

describe('control', () => {
  const wants: PlayerChange = { name: 'controlWanted', event: { by: '7', name: 'Lin' } };
  it('is asked for once by each, and the list ends with the answer', () => {
    expect(after(wants, wants).wanting).toEqual([{ by: '7', name: 'Lin' }]);
    expect(after(wants, { name: 'answered', by: '7' }).wanting).toEqual([]);
  });
  it('that was given away takes the list with it', () => {
    const gone: PlayerChange = { name: 'role', event: { role: 'viewer', controllers: 1, viewers: 2 } };
    expect(after(wants, gone)).toMatchObject({ role: 'viewer', wanting: [], viewers: 2 });
  });
  it('that was got ends the asking', () => {
    const got: PlayerChange = { name: 'role', event: { role: 'controller', controllers: 1, viewers: 0 } };
    expect(after({ name: 'asked' }, got).askedAt).toBeNull();
  });
});

it('keeps one minute of statistics', () => {
  const one: PlayerChange = {
    name: 'stats',
    event: {
      atMs: 0,
      bitrateBps: 1,
      rttMs: 1,
      fps: 30,
      lostFraction: 0,
      jitterMs: 1,
      width: 1,
      height: 1,
      framesDecoded: 1,
      framesDropped: 0,
      relayed: false,
    },
  };
  expect(after(...Array.from({ length: 90 }, () => one)).stats).toHaveLength(60);
});
