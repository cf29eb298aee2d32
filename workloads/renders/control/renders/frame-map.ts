import type { TaskState } from '@backlot/contract';
import { type FrameCell, frameFile, type PictureFormat } from '../../contract.ts';
import type { RenderTask } from './read-tasks.ts';

/** A committed picture, as far as the frame map shows it. */
export interface FramePicture {
  readonly artifactId: string;
  readonly name: string;
  readonly taskId: string | null;
  readonly nodeName: string | null;
  readonly seconds: number | null;
}

const stateOfTask: Readonly<Record<TaskState, FrameCell['state']>> = {
  blocked: 'waiting',
  queued: 'waiting',
  placed: 'waiting',
  retry_wait: 'waiting',
  // The frame in work is told by the task's progress; the rest of its chunk waits.
  running: 'waiting',
  frozen: 'waiting',
  held: 'held',
  // A task that has succeeded without a picture of one of its frames can't be; shown as what it would be.
  succeeded: 'failed',
  failed: 'failed',
  canceled: 'canceled',
};

/** One cell per frame: a picture that is there counts before whatever its task is doing now. */
export function frameMap(
  frames: readonly number[],
  format: PictureFormat,
  tasks: readonly RenderTask[],
  pictures: readonly FramePicture[],
): FrameCell[] {
  const byName = new Map(pictures.map((picture) => [picture.name, picture]));
  const byFrame = new Map<number, RenderTask>();
  for (const task of tasks) for (const frame of task.frames ?? []) byFrame.set(frame, task);
  return frames.map((frame) => {
    const picture = byName.get(frameFile(frame, format));
    if (picture) {
      const { taskId, nodeName, artifactId, seconds } = picture;
      return { frame, state: 'done', taskId, nodeName, artifactId, seconds };
    }
    const task = byFrame.get(frame);
    if (!task)
      return { frame, state: 'waiting', taskId: null, nodeName: null, artifactId: null, seconds: null };
    const inWork = task.progress?.detail?.frame === frame;
    const state =
      inWork && (task.state === 'running' || task.state === 'frozen') ? task.state : stateOfTask[task.state];
    const started = task.state === 'running' || task.state === 'frozen';
    return {
      frame,
      state,
      taskId: task.id,
      nodeName: started ? task.nodeName : null,
      artifactId: null,
      seconds: null,
    };
  });
}
