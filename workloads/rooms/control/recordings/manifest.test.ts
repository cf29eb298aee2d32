import { describe, expect, it } from 'vitest';
import { RecordingManifest } from '../../contract/recording.ts';
import { type ManifestPart, makeManifest } from './manifest.ts';

const id = '01890000-0000-7000-8000-000000000001';

function part(producerId: string, number: number, startedAt: number): ManifestPart {
  return {
    recordingId: id,
    producerId,
    owner: 'ada',
    kind: 'video',
    source: 'camera',
    codec: 'VP8',
    part: number,
    startedAt,
    endedAt: startedAt + 1_000,
    durationMs: 1_000,
    packets: 10,
    lost: 0,
    frames: 25,
    width: 640,
    height: 360,
    cutOff: false,
    artifactId: id,
    clockArtifactId: null,
    size: 1,
    file: `${producerId}-${number}.mkv`,
    clockFile: null,
    digest: 'sha256:x',
  };
}

describe('a manifest', () => {
  it('orders tracks by their beginning and parts by their number, with offsets from the recording’s start', () => {
    const manifest = makeManifest({
      id,
      room: { id, name: 'studio' },
      startedAt: 10_000,
      endedAt: 20_000,
      parts: [part('late', 1, 15_000), part('early', 2, 14_000), part('early', 1, 10_500)],
    });
    expect(RecordingManifest.safeParse(manifest).success).toBe(true);
    expect(
      manifest.tracks.map(({ producerId, parts }) => [producerId, parts.map(({ offsetMs }) => offsetMs)]),
    ).toEqual([
      ['early', [500, 4_000]],
      ['late', [5_000]],
    ]);
  });

  it('of a room in which nobody published is empty', () => {
    const manifest = makeManifest({ id, room: { id, name: 'a' }, startedAt: 1, endedAt: 2, parts: [] });
    expect(manifest.tracks).toEqual([]);
  });
});
