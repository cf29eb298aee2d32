import { Artifact, Id, Job } from '@backlot/contract';
import { z } from 'zod';
import { TranscodeSettings } from './settings.ts';
import { EncodeResult } from './tasks.ts';

/** Makes another film of an artifact. */
export const TranscodeSubmission = z.object({
  projectId: Id,
  name: z.string().min(1).max(200).optional(),
  /** The film, an artifact of the project. */
  artifactId: Id,
  /** Subtitles (.ass, .srt, .vtt) to burn into the picture. */
  subtitlesId: Id.optional(),
  settings: TranscodeSettings.prefault({}),
  priority: z.number().int().min(-100).max(100).optional(),
});
export type TranscodeSubmission = z.infer<typeof TranscodeSubmission>;
export type TranscodeSubmissionInput = z.input<typeof TranscodeSubmission>;

export const Transcode = z.object({
  job: Job,
  settings: TranscodeSettings,
  /** Null until it is done. */
  result: EncodeResult.nullable(),
  output: Artifact.nullable(),
});
export type Transcode = z.infer<typeof Transcode>;
