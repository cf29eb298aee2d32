import { describe, expect, it } from 'vitest';
import { curvesOf } from './curves.ts';

const point = (second: number, fps: number | null) => ({
  at: new Date(second * 1000).toISOString(),
  bitrateBps: 1_000,
  rttMs: 5,
  fps,
  lostFraction: 0,
  jitterMs: null,
  width: null,
  height: null,
  framesDropped: null,
  relayed: null,
});

describe('curves of a player', () => {
  it('are its reports in order', () => {
    const { times, values } = curvesOf([point(0, 30), point(5, 29), point(10, null)]);
    expect(times).toEqual([0, 5_000, 10_000]);
    expect(values.fps).toEqual([30, 29, null]);
  });
  it('have a hole where reports are missing', () => {
    const { times, values } = curvesOf([point(0, 30), point(5, 30), point(10, 30), point(60, 30)]);
    expect(times).toEqual([0, 5_000, 10_000, 15_000, 60_000]);
    expect(values.fps).toEqual([30, 30, 30, null, 30]);
    expect(values.bitrateBps[3]).toBeNull();
  });
  it('are empty without reports', () => {
    expect(curvesOf([])).toEqual({
      times: [],
      values: { bitrateBps: [], rttMs: [], fps: [], lostFraction: [] },
    });
  });
});
