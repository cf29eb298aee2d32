import type { FollowInput, FollowUp, JobKind, TaskSummary } from '@backlot/control/workload';
import {
  FramesResult,
  formatFrames,
  ImportParameters,
  ImportResult,
  MAX_FRAMES,
  outputs,
  RenderFacts,
  RenderJob,
  renderFailure,
  resolvePicture,
  taskKinds,
} from '../../contract.ts';
import { cutChunks } from './chunks.ts';
import { assembleDraft, type FramesPlan, framesDraft, importDraft, keys, picturesOf } from './drafts.ts';
import { filmRate, frameList } from './frame-list.ts';
import { coresFor } from './resources.ts';

/**
 * A render: import -> first frame (measures) -> chunks of frames -> contact sheet and film. Nothing but the import is
 * queued before the model is known to show something.
 */
export const renderJob: JobKind<RenderJob> = {
  parameters: RenderJob,
  plan: ({ parameters }) => [importDraft(parameters)],
  follow(input) {
    const { ended } = input;
    if (ended.state !== 'succeeded') return {};
    if (ended.kind === taskKinds.import) return afterImport(input, ended);
    if (ended.kind === taskKinds.frames) return afterFrames(input, ended);
    return {};
  },
};

function afterImport(input: FollowInput<RenderJob>, ended: TaskSummary): FollowUp {
  const { settings } = input.parameters;
  const { facts: model } = ImportResult.parse(ended.result);
  const frames = frameList(settings.subject, model.animation);
  if ('tooMany' in frames) {
    const params = { count: frames.tooMany, limit: MAX_FRAMES };
    return { facts: { model }, fail: renderFailure('input', 'renders.too_many_frames', params) };
  }
  const picture = resolvePicture(settings);
  const learned: RenderFacts = {
    model,
    frames: formatFrames(frames),
    frameCount: frames.length,
    fps: filmRate(settings.subject, model.animation),
    width: picture.width,
    height: picture.height,
    samples: picture.samples,
    denoise:
      settings.denoise === 'auto'
        ? model.denoiser && settings.engine === 'cycles'
        : settings.denoise === 'on',
  };
  const plan = planOf({ ...input, facts: { ...input.facts, ...learned } });
  if (!plan) return {};
  return { facts: learned, tasks: [framesDraft(plan, keys.first, frames.slice(0, 1), null)] };
}

function afterFrames(input: FollowInput<RenderJob>, ended: TaskSummary): FollowUp {
  const plan = planOf(input);
  if (!plan) return {};
  if (ended.key === keys.first && plan.all.length > 1) return planChunks(input, plan, ended);
  return planAssembly(input, plan);
}

/** The first frame has told how long one takes: the rest is cut by that. */
function planChunks(input: FollowInput<RenderJob>, plan: FramesPlan, first: TaskSummary): FollowUp {
  const result = FramesResult.parse(first.result);
  const frameSeconds = Math.max(0.001, result.frames[0]?.seconds ?? 1);
  const wallSeconds = (first.usage?.wallMs ?? 0) / 1000;
  // What the process took beside its frames; the script's own measure when the runner's is missing.
  const startSeconds = Math.max(result.readySeconds, wallSeconds - frameSeconds, 0);
  const chunks = cutChunks({
    frames: plan.all.slice(1),
    frameSeconds,
    startSeconds,
    slots: input.fleet.slots,
  });
  return {
    facts: { frameSeconds, startSeconds } satisfies RenderFacts,
    tasks: chunks.map((frames, index) => framesDraft(plan, keys.chunk(index), frames, frameSeconds)),
  };
}

/** When every frame has its picture, they are put together. A single still is its own result. */
function planAssembly(input: FollowInput<RenderJob>, plan: FramesPlan): FollowUp {
  if (plan.all.length < 2) return {};
  const committed = input.tasks
    .filter((task) => task.kind === taskKinds.frames)
    .flatMap((task) => task.outputs);
  const pictures = picturesOf(plan.all, plan.job.settings.format, committed);
  if (pictures.length < plan.all.length) return {};
  if (input.tasks.some((task) => task.key === keys.assemble)) return {};
  return { tasks: [assembleDraft(plan.job, plan.facts, pictures)] };
}

/** What the frames of this job have in common; undefined before the import has told. */
function planOf(input: FollowInput<RenderJob>): FramesPlan | undefined {
  const facts = RenderFacts.parse(input.facts);
  const imported = input.tasks.find((task) => task.key === keys.import);
  const scene = imported?.outputs.find((output) => output.name === outputs.scene.name);
  if (!facts.model || !scene) return undefined;
  const { settings } = input.parameters;
  const all = frameList(settings.subject, facts.model.animation);
  if ('tooMany' in all) return undefined;
  return {
    job: input.parameters,
    facts: facts.model,
    denoise: facts.denoise ?? false,
    picture: resolvePicture(settings),
    all,
    cores: coresFor(input.fleet.capabilities),
    supplied: ImportParameters.parse(imported?.parameters).supplied,
    scene,
  };
}
