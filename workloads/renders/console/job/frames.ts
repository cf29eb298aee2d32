import type { Artifact } from '@backlot/contract/api/artifacts';
import type { FrameCell, Render } from '../../contract/api.ts';

export type FinishedCell = FrameCell & { readonly artifactId: string };

/** Frames with a picture that is there, by number. */
export function finishedFrames(frames: readonly FrameCell[]): FinishedCell[] {
  return frames
    .filter((cell): cell is FinishedCell => cell.artifactId !== null)
    .sort((a, b) => a.frame - b.frame);
}

/** What the page's head shows. */
export interface Shown {
  readonly artifactId: string;
  /** Null for the preview. */
  readonly frame: number | null;
}

/**
 * The picture to show: the frame that was chosen if it is there, else the newest one, else the preview. EXR can't be
 * drawn; then the preview stands for it.
 */
export function pictureToShow(render: Render, chosen: number | undefined): Shown | undefined {
  const drawable = render.settings.format !== 'exr';
  const frames = drawable ? finishedFrames(render.frames) : [];
  const wanted = frames.find((cell) => cell.frame === chosen);
  if (wanted) return { artifactId: wanted.artifactId, frame: wanted.frame };
  const newest = newestFrame(frames, render.latestFrame);
  if (newest) return { artifactId: newest.artifactId, frame: newest.frame };
  return render.preview ? { artifactId: render.preview.id, frame: null } : undefined;
}

function newestFrame(frames: readonly FinishedCell[], latest: Artifact | null): FinishedCell | undefined {
  return frames.find((cell) => cell.artifactId === latest?.id) ?? frames.at(-1);
}

/** The finished frames before and after one, for the arrows of the viewer. */
export function neighbours(
  frames: readonly FinishedCell[],
  frame: number | null,
): { previous: FinishedCell | undefined; next: FinishedCell | undefined } {
  const at = frames.findIndex((cell) => cell.frame === frame);
  return at < 0
    ? { previous: undefined, next: undefined }
    : { previous: frames[at - 1], next: frames[at + 1] };
}
