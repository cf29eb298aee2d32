import { describe, expect, it } from 'vitest';
import { type Capability, compareVersions, missingFrom } from './capability.ts';

const blender = (version: string, features: string[]): Capability => ({
  name: 'blender',
  version,
  features,
  details: {},
  proof: 'test',
  provedAt: '2026-01-01T00:00:00Z',
});

describe('capabilities', () => {
  it.each([
    ['3.4.1', '3.4', 1],
    ['3.4', '3.4.0', 0],
    ['3.10', '3.9', 1],
    ['4', '10', -1],
    ['5.0-beta', '5.0', 0],
  ])('%s against %s is %i', (a, b, expected) => {
    expect(compareVersions(a, b)).toBe(expected);
  });

  it('say what is missing, of the version that lacks least', () => {
    const have = [blender('3.4.1', ['cycles-cpu', 'gltf']), blender('4.2', ['cycles-cpu'])];
    expect(missingFrom(have, { name: 'blender', features: ['gltf'] })).toBeUndefined();
    expect(missingFrom(have, { name: 'blender', features: ['gltf'], minVersion: '4.0' })).toBe(
      'blender {gltf}',
    );
    expect(missingFrom(have, { name: 'blender', features: [], minVersion: '5.0' })).toBe('blender >= 5.0');
    expect(missingFrom(have, { name: 'ffmpeg', features: [] })).toBe('ffmpeg');
    expect(missingFrom(have, { name: 'blender', features: ['gltf', 'usd'] })).toBe('blender {usd}');
  });
});
