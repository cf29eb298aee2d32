import { z } from 'zod';
import { TrackSelection } from '../../../contract/tasks.ts';

/** What a recording is told, in its work folder. */
export const requestFile = 'record.json';
export const RecordRequest = z.object({
  recordingId: z.string(),
  tap: z.string(),
  select: TrackSelection,
  /** Highest part of each track that an earlier attempt has committed. */
  committed: z.record(z.string(), z.number().int()),
});
export type RecordRequest = z.infer<typeof RecordRequest>;

/** Is there: finish. */
export const stopFile = 'stop';
/** `RecordStatus`, written again and again. */
export const statusFile = 'status.json';
/** How it ended; written last. */
export const endFile = 'end.json';
export const RecordEnd = z.object({ ended: z.enum(['stopped', 'room']), tracks: z.number().int() });
