import { Artifact, Id, Page, PageQuery, Reason, Timestamp } from '@backlot/contract';
import { z } from 'zod';
import { RoomName } from './grants.ts';
import { TrackPart, TrackSelection } from './tasks.ts';

/** Kind of the job that holds one recording: one task on the node where the room's media is. */
export const RECORDING_JOB = 'rooms.recording';

/**
 * starting   its task waits for the node
 * recording  tracks are being written, or it waits for the first one
 * stopping   told to end; the last parts are being finished
 * done       every part is an artifact, and so is the manifest
 * failed     it could not begin, or broke off; the parts that were finished are kept
 */
export const recordingStates = ['starting', 'recording', 'stopping', 'done', 'failed'] as const;
export const RecordingState = z.enum(recordingStates);
export type RecordingState = z.infer<typeof RecordingState>;

/** `POST …/recordings`. Without a selection: every track, also those that come later. */
export const RecordingRequest = z.object({
  name: z.string().trim().min(1).max(200).optional(),
  select: TrackSelection.prefault({}),
});
export type RecordingRequest = z.infer<typeof RecordingRequest>;

/** One finished piece of one track. */
export const RecordedPart = TrackPart.extend({
  artifactId: Id,
  /** Sender reports, which tie RTP time to the publisher's wall clock; null when there were none. */
  clockArtifactId: Id.nullable(),
  size: z.number().int().nonnegative(),
});
export type RecordedPart = z.infer<typeof RecordedPart>;

export const Recording = z.object({
  id: Id,
  roomId: Id,
  roomName: RoomName,
  projectId: Id,
  name: z.string(),
  state: RecordingState,
  /** Begun by the room's own setting. */
  automatic: z.boolean(),
  select: TrackSelection,
  jobId: Id,
  startedAt: Timestamp,
  endedAt: Timestamp.nullable(),
  parts: z.array(RecordedPart),
  /** Made when it has ended; what a later composition starts from. */
  manifest: Artifact.nullable(),
  /** Why it failed, for people. */
  failure: Reason.nullable(),
});
export type Recording = z.infer<typeof Recording>;
export const RecordingPage = Page(Recording);
export const RecordingQuery = PageQuery;
export const RecordingParams = z.object({ room: z.union([Id, RoomName]), recording: Id });

/** Kind of the artifact that holds a manifest. */
export const MANIFEST_KIND = 'manifest';

/**
 * `GET …/recordings/{id}/manifest`: all that composing needs, and nothing that only this installation knows. Times are milliseconds since 1970 by the
 * clock of the node that recorded.
 */
export const RecordingManifest = z.object({
  version: z.literal(1),
  recordingId: Id,
  room: z.object({ id: Id, name: RoomName }),
  startedAt: z.number(),
  endedAt: z.number(),
  tracks: z.array(
    z.object({
      producerId: z.string(),
      participant: z.string(),
      kind: z.enum(['audio', 'video']),
      source: z.string(),
      codec: z.string(),
      parts: z.array(
        z.object({
          part: z.number().int(),
          /** Names among the recording's artifacts. */
          file: z.string(),
          clock: z.string().nullable(),
          digest: z.string(),
          /** Offset from the start of the recording, and length; milliseconds. Between two parts is a gap. */
          offsetMs: z.number(),
          durationMs: z.number(),
          width: z.number().int().nullable(),
          height: z.number().int().nullable(),
          /** Its recorder was killed: the end may lack up to two seconds. */
          cutOff: z.boolean(),
        }),
      ),
    }),
  ),
});
export type RecordingManifest = z.infer<typeof RecordingManifest>;
