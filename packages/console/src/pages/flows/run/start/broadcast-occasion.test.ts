import { describe, expect, it } from 'vitest';
import { givenSegments, toldOf } from './broadcast-occasion.ts';

describe('a broadcast that a run is begun for by hand', () => {
  it('gives its segments in the order of their time, whatever take they are of', () => {
    const takes = [
      { id: 'a', number: 1 },
      { id: 'b', number: 2 },
    ];
    const segments = [
      { artifactId: 'third', takeId: 'b', number: 0, firstWall: 300, size: 3 },
      { artifactId: 'first', takeId: 'a', number: 0, firstWall: 100, size: 1 },
      { artifactId: 'second', takeId: 'a', number: 1, firstWall: 200, size: 2 },
    ];
    expect(givenSegments({ takes, segments })).toEqual([
      { id: 'first', name: '1 · 0', size: 1 },
      { id: 'second', name: '1 · 1', size: 2 },
      { id: 'third', name: '2 · 0', size: 3 },
    ]);
  });

  it('tells what templates ask for', () => {
    const told = toldOf({
      id: 'b',
      title: null,
      channelId: 'c',
      channelName: 'Seven',
      startedAt: '2026-11-27T18:00:00.000Z',
      endedAt: '2026-11-27T19:00:00.000Z',
      durationMs: 3_600_000,
      lossMs: 0,
      bytes: 7,
      takes: 1,
      segments: 360,
    });
    expect(told).toMatchObject({ title: '', channel: 'Seven', durationMs: 3_600_000 });
    expect(told).not.toHaveProperty('segments');
  });
});
