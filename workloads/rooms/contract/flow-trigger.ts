import type { FileValue, Fired, TriggerFacts } from '@backlot/contract';
import { z } from 'zod';
import { MANIFEST_KIND } from './recording.ts';

/** Which recordings of rooms begin a flow. */
export const RecordingDoneFilter = z.object({
  room: z
    .string()
    .max(80)
    .default('')
    .meta({
      phrase: { en: 'Room', 'zh-CN': '房间' },
      hint: {
        en: 'Name of the room. Left empty: every room of the project.',
        'zh-CN': '房间名称，留空表示所有房间。',
      },
    }),
  failed: z
    .boolean()
    .default(false)
    .meta({
      phrase: { en: 'Also when it broke off', 'zh-CN': '中断的录制也触发' },
      hint: { en: 'What was finished before is there.', 'zh-CN': '中断前完成的部分仍可使用。' },
    }),
});
export type RecordingDoneFilter = z.infer<typeof RecordingDoneFilter>;

/** A recording of a room has ended: its tracks, and the manifest that says how they belong together. */
export const recordingDone: TriggerFacts<RecordingDoneFilter> = {
  kind: 'rooms.recording-done',
  title: { en: 'A room’s recording is done', 'zh-CN': '房间录制完成' },
  summary: {
    en: 'Starts when the recording of a room has ended, with its tracks and their manifest.',
    'zh-CN': '房间录制结束后触发，提供各轨道及其清单。',
  },
  icon: 'video',
  parameters: RecordingDoneFilter,
  outputs: {
    tracks: { type: 'files', title: { en: 'Tracks', 'zh-CN': '轨道' } },
    video: { type: 'files', title: { en: 'Tracks of pictures', 'zh-CN': '视频轨道' } },
    audio: { type: 'files', title: { en: 'Tracks of sound', 'zh-CN': '音频轨道' } },
    manifest: { type: 'file', required: false, title: { en: 'Manifest', 'zh-CN': '清单' } },
  },
  data: ['title', 'room', 'recordingId', 'parts', 'failed'],
};

/** What a recording gives to flows. Pure. */
export function recordingFired(
  recording: {
    readonly id: string;
    readonly projectId: string;
    readonly name: string;
    readonly roomName: string;
    readonly failed: boolean;
  },
  files: readonly FileValue[],
): Fired {
  const tracks = files
    .filter(({ kind }) => kind === 'track')
    .toSorted((one, other) => startOf(one) - startOf(other) || one.name.localeCompare(other.name, 'en'));
  const manifest = files.find(({ kind }) => kind === MANIFEST_KIND);
  const { id, projectId, name, roomName, failed } = recording;
  return {
    key: `rooms.recording-done:${id}`,
    projectId,
    subject: { kind: 'room-recording', id },
    ports: {
      tracks: { type: 'files', files: tracks },
      video: { type: 'files', files: tracks.filter(({ meta }) => meta.kind === 'video') },
      audio: { type: 'files', files: tracks.filter(({ meta }) => meta.kind === 'audio') },
      ...(manifest ? { manifest: { type: 'file', file: manifest } } : {}),
    },
    data: { title: name, room: roomName, recordingId: id, parts: tracks.length, failed },
  };
}

/** Whether a flow with this filter waits for it. Pure. */
export function wantsRecording(filter: RecordingDoneFilter, { data }: Pick<Fired, 'data'>): boolean {
  const room = filter.room.trim();
  return (room === '' || data.room === room) && (filter.failed || data.failed !== true);
}

function startOf({ meta }: FileValue): number {
  return typeof meta.startedAt === 'number' ? meta.startedAt : 0;
}
