import { MAX_FRAMES, type ModelFacts, parseFrames, type RenderSettings } from '../../contract.ts';

/** The frames that a job renders, ascending; a count when there are more than one job may have. */
export function frameList(
  subject: RenderSettings['subject'],
  animation: ModelFacts['animation'],
): readonly number[] | { readonly tooMany: number } {
  switch (subject.kind) {
    case 'still':
      return [subject.frame ?? animation.first];
    case 'turntable':
      return Array.from({ length: subject.frames }, (_, index) => index + 1);
    case 'animation': {
      const chosen = subject.frames === undefined ? undefined : parseFrames(subject.frames);
      if (chosen) return chosen;
      const { first, last, step } = animation;
      const count = Math.floor((Math.max(first, last) - first) / Math.max(1, step)) + 1;
      if (count > MAX_FRAMES) return { tooMany: count };
      return Array.from({ length: count }, (_, index) => first + index * Math.max(1, step));
    }
  }
}

/** Frames per second of the film: as asked for, else the file's own. */
export function filmRate(subject: RenderSettings['subject'], animation: ModelFacts['animation']): number {
  if (subject.kind === 'still') return animation.fps;
  return subject.fps ?? Math.min(120, animation.fps);
}
