import type { FileValue } from '@backlot/contract';
import { describe, expect, it } from 'vitest';
import { RecordingDoneFilter, recordingFired, wantsRecording } from '../../contract/flow-trigger.ts';
import { MANIFEST_KIND } from '../../contract/recording.ts';

const file = (kind: string, name: string, meta: Record<string, unknown> = {}): FileValue => ({
  kind,
  name,
  digest: 'a'.repeat(64),
  size: 1,
  mediaType: 'video/x-matroska',
  meta,
});
const recording = { id: 'r', projectId: 'p', name: 'Lesson', roomName: 'studio', failed: false };

describe('a room’s recording that is done', () => {
  it('gives its tracks by their beginning, apart by kind, and the manifest', () => {
    const { ports, data, key } = recordingFired(recording, [
      file('track', 'late.mkv', { kind: 'video', startedAt: 2_000 }),
      file('clock', 'late.clock.json'),
      file('track', 'early.mkv', { kind: 'audio', startedAt: 1_000 }),
      file(MANIFEST_KIND, 'manifest.json'),
    ]);
    expect(ports.tracks).toMatchObject({ files: [{ name: 'early.mkv' }, { name: 'late.mkv' }] });
    expect(ports.video).toMatchObject({ files: [{ name: 'late.mkv' }] });
    expect(ports.audio).toMatchObject({ files: [{ name: 'early.mkv' }] });
    expect(ports.manifest).toMatchObject({ file: { name: 'manifest.json' } });
    expect(data).toMatchObject({ title: 'Lesson', room: 'studio', parts: 2, failed: false });
    expect(key).toBe('rooms.recording-done:r');
  });

  it.each([
    [{}, false, true],
    [{}, true, false],
    [{ failed: true }, true, true],
    [{ room: 'studio' }, false, true],
    [{ room: 'other' }, false, false],
  ])('with %j, broken off %s: %s', (filter, failed, wanted) => {
    const fired = recordingFired({ ...recording, failed }, []);
    expect(wantsRecording(RecordingDoneFilter.parse(filter), fired)).toBe(wanted);
  });
});
