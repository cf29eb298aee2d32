import { type Artifact, BacklotError, type Job, kernelErrors } from '@backlot/contract';
import type { Actor, Kernel } from '@backlot/control/workload';
import {
  names,
  subtitleEndings,
  TRANSCODE_JOB,
  type TranscodeJob,
  type TranscodeSubmission,
  transcodeErrors,
} from '../contract.ts';

/**
 * Stores a transcode of an artifact that the actor may see.
 * @throws not_found, transcode_other_project, transcode_subtitles_unknown, transcode_subtitles_copy
 */
export async function submitTranscode(
  kernel: Kernel,
  submission: TranscodeSubmission,
  actor: Actor,
): Promise<Job> {
  const { projectId, settings, subtitlesId } = submission;
  const source = await visible(kernel, submission.artifactId, projectId, actor);
  const subtitles = subtitlesId === undefined ? null : await visible(kernel, subtitlesId, projectId, actor);
  if (subtitles && settings.rate.mode === 'copy')
    throw new BacklotError(transcodeErrors.transcode_subtitles_copy);
  const parameters: TranscodeJob = {
    source: { name: names.source, digest: source.digest, size: source.size },
    subtitles: subtitles
      ? { name: subtitlesName(subtitles), digest: subtitles.digest, size: subtitles.size }
      : null,
    settings,
  };
  const job = await kernel.jobs.submit({
    kind: TRANSCODE_JOB,
    projectId,
    name: submission.name ?? source.name,
    parameters,
    actor,
    ...(submission.priority === undefined ? {} : { priority: submission.priority }),
  });
  kernel.placement.wake('task-ready');
  return job;
}

/** The name that ffmpeg tells the kind by is ours; only the ending is the file's own. */
function subtitlesName({ name }: Artifact): string {
  const ending = subtitleEndings.find((candidate) => name.toLowerCase().endsWith(`.${candidate}`));
  if (!ending) {
    throw new BacklotError(transcodeErrors.transcode_subtitles_unknown, {
      params: { name: name.slice(0, 200) },
    });
  }
  return `${names.subtitles}.${ending}`;
}

async function visible(kernel: Kernel, id: string, projectId: string, actor: Actor): Promise<Artifact> {
  const artifact = await kernel.artifacts.get(id);
  const may = kernel.access.may(actor, 'artifacts.read', artifact.projectId);
  const [shown] = may ? await kernel.artifacts.visibleTo(actor, [artifact]) : [];
  if (!shown) throw new BacklotError(kernelErrors.not_found, { params: { what: 'artifact', id } });
  if (artifact.projectId !== projectId) {
    throw new BacklotError(transcodeErrors.transcode_other_project, {
      params: { name: artifact.name.slice(0, 200) },
    });
  }
  return artifact;
}
