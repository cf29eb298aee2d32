import { systemClock } from '@backlot/contract/clock';
import { describe, expect, it } from 'vitest';
import { HealthBoard, worst } from './health.ts';

const why = { code: 'health.test', params: {}, message: 'It hurts.' };

describe('health', () => {
  it.each([
    [[], 'ok'],
    [[{ status: 'ok', vital: true }], 'ok'],
    [
      [
        { status: 'ok', vital: true },
        { status: 'degraded', vital: false },
      ],
      'degraded',
    ],
    [
      [
        { status: 'ok', vital: true },
        { status: 'down', vital: false },
      ],
      'degraded',
    ],
    [[{ status: 'degraded', vital: true }], 'degraded'],
    [
      [
        { status: 'down', vital: true },
        { status: 'ok', vital: false },
      ],
      'down',
    ],
  ] as const)('of %j is %s', (parts, expected) => {
    expect(worst(parts)).toBe(expected);
  });

  it('remembers since when a part is as it is, and why', () => {
    let now = 1_000;
    const board = new HealthBoard({ ...systemClock, now: () => now }, ['database']);
    board.set('storage', 'degraded', why);
    now = 2_000;
    board.set('storage', 'degraded', why);
    board.set('database', 'ok', why);
    expect(board.read('1.0')).toEqual({
      status: 'degraded',
      version: '1.0',
      parts: [
        { name: 'database', status: 'ok', since: new Date(2_000).toISOString(), reason: null },
        { name: 'storage', status: 'degraded', since: new Date(1_000).toISOString(), reason: why },
      ],
    });
  });

  it('says that requests can be served as long as nothing vital is down', () => {
    const board = new HealthBoard(systemClock, ['database']);
    expect(board.ready()).toBe(true);
    board.set('storage', 'down', why);
    expect(board.ready()).toBe(true);
    board.set('database', 'down', why);
    expect(board.ready()).toBe(false);
  });
});
