import { fileValueOf } from '@backlot/contract';
import { type TriggerKind, toArtifact } from '@backlot/control/workload';
import { z } from 'zod';
import {
  type RecordingDoneFilter,
  recordingDone,
  recordingFired,
  wantsRecording,
} from '../../contract/flow-trigger.ts';

const Told = z.looseObject({ recordingId: z.uuid() });

/** `rooms.recording-done`, by the event that is written when the recording has its manifest. */
export const recordingDoneTrigger: TriggerKind<RecordingDoneFilter> = {
  ...recordingDone,
  events: ['rooms.recording.ended'],
  async fire(event, kernel) {
    const told = Told.safeParse(event.body);
    if (!told.success) return null;
    const row = await kernel.db
      .withTables<{
        rooms_recording: {
          id: string;
          project_id: string;
          name: string;
          room_name: string;
          job_id: string;
          failure: unknown;
        };
      }>()
      .selectFrom('rooms_recording')
      .select(['id', 'project_id', 'name', 'room_name', 'job_id', 'failure'])
      .where('id', '=', told.data.recordingId)
      .executeTakeFirst();
    if (!row) return null;
    const artifacts = await kernel.db
      .selectFrom('artifact')
      .selectAll()
      .where('job_id', '=', row.job_id)
      .where('deleted_at', 'is', null)
      .orderBy('id')
      .execute();
    const files = artifacts
      .map(toArtifact)
      .map((one) => fileValueOf(one, { artifactId: one.id, holders: one.holders }));
    const { id, project_id: projectId, name, room_name: roomName, failure } = row;
    return recordingFired({ id, projectId, name, roomName, failed: failure !== null }, files);
  },
  matches: wantsRecording,
};
