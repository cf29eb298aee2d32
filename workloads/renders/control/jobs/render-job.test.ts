import { type Output, TaskDraft, type TaskDraftInput } from '@backlot/contract';
import type { FollowInput, TaskSummary } from '@backlot/control/workload';
import { describe, expect, it } from 'vitest';
import {
  AssembleParameters,
  FramesParameters,
  frameFile,
  ImportParameters,
  type ModelFacts,
  RenderFacts,
  RenderJob,
  type RenderSettingsInput,
  taskKinds,
} from '../../contract.ts';
import { renderJob } from './render-job.ts';

const digest = (seed: string) => seed.repeat(64).slice(0, 64);
const model: ModelFacts = {
  format: 'glb',
  main: 'chair.glb',
  blender: '3.4.1',
  savedWith: null,
  objects: 1,
  instances: 1,
  polygons: 10,
  triangles: 20,
  vertices: 12,
  materials: 1,
  images: 0,
  lights: 0,
  bounds: { low: [0, 0, 0], high: [1, 1, 1], radius: 0.87 },
  cameras: [],
  animation: { first: 1, last: 20, step: 1, fps: 30, moves: true, keys: [1, 20] },
  scenes: ['Scene'],
  own: null,
  missing: [],
  disarmed: [],
  warnings: [],
  coverage: 0.3,
  brightness: 0.5,
  magenta: 0,
  stage: { camera: { mode: 'framed' }, light: 'studio', floor: 'on', gain: 1 },
  denoiser: true,
  needsSources: false,
};

/** Plays a job the way the kernel does: every task succeeds at once, and what follows is added. */
function play(settings: RenderSettingsInput, facts: ModelFacts = model, slots = 1) {
  const parameters = RenderJob.parse({
    main: 'chair.glb',
    files: [{ name: 'chair.glb', digest: digest('a'), size: 1_000 }],
    settings,
  });
  const job = { id: 'job', projectId: 'project', name: 'chair' };
  const drafts: TaskDraft[] = [];
  const tasks: TaskSummary[] = [];
  let known: Record<string, unknown> = {};
  let failure: FollowInput<RenderJob>['ended']['failure'] = null;
  const add = (more: readonly TaskDraftInput[]) => {
    for (const draft of more.map((input) => TaskDraft.parse(input)))
      if (!drafts.some(({ key }) => key === draft.key)) drafts.push(draft);
  };
  add(renderJob.plan({ job, parameters }));
  for (let at = 0; at < drafts.length; at += 1) {
    const draft = drafts[at] as TaskDraft;
    tasks.push(summaryOf(draft, facts));
    const ended = tasks.at(-1) as TaskSummary;
    const input = { job, parameters, facts: known, ended, tasks, fleet: { capabilities: [], slots } };
    const follow = renderJob.follow?.(input) ?? {};
    // Run twice, as after a crash: it must come to the same.
    expect(renderJob.follow?.(input) ?? {}).toEqual(follow);
    known = { ...known, ...follow.facts };
    failure ??= follow.fail ?? null;
    add(follow.tasks ?? []);
  }
  return { drafts, facts: RenderFacts.parse(known), failure };
}

function summaryOf(draft: TaskDraft, facts: ModelFacts): TaskSummary {
  const base = {
    id: draft.key,
    key: draft.key,
    kind: draft.kind,
    state: 'succeeded' as const,
    failure: null,
  };
  const parameters = draft.parameters;
  const output = (name: string, kind: string): Output => ({
    name,
    kind,
    digest: digest('b'),
    size: 10,
    mediaType: 'image/png',
    meta: {},
  });
  if (draft.kind === taskKinds.import)
    return {
      ...base,
      parameters,
      usage: null,
      result: { facts, seconds: 1 },
      outputs: [output('scene.blend', 'scene')],
    };
  if (draft.kind === taskKinds.frames) {
    const { frames, picture } = FramesParameters.parse(parameters);
    return {
      ...base,
      parameters,
      usage: { wallMs: 2_100 },
      result: { frames: frames.map((frame) => ({ frame, seconds: 0.85 })), readySeconds: 0.2 },
      outputs: frames.map((frame) => output(frameFile(frame, picture), 'frame')),
    };
  }
  return { ...base, parameters, usage: null, result: {}, outputs: [] };
}

const framesOf = (drafts: readonly TaskDraft[]) =>
  drafts
    .filter(({ kind }) => kind === taskKinds.frames)
    .map((draft) => FramesParameters.parse(draft.parameters).frames);

describe('a render job', () => {
  it('queues nothing but the import before the model is known', () => {
    const parameters = RenderJob.parse({
      main: 'a.zip',
      files: [{ name: 'a.zip', digest: digest('a'), size: 5 }],
      settings: {},
    });
    const plan = renderJob.plan({ job: { id: 'j', projectId: 'p', name: 'n' }, parameters });
    expect(plan.map(({ key }) => key)).toEqual(['import']);
    expect(ImportParameters.parse(plan[0]?.parameters).main).toBe('a.zip');
    expect(plan[0]?.inputs).toEqual([{ name: 'model/a.zip', digest: digest('a'), size: 5 }]);
  });

  it('renders one frame for a still, and puts nothing together', () => {
    const { drafts } = play({});
    expect(drafts.map(({ key }) => key)).toEqual(['import', 'frames/first']);
    expect(framesOf(drafts)).toEqual([[1]]);
  });

  it('measures the first frame, cuts the rest by it, and ends with the film', () => {
    const { drafts, facts } = play({ subject: { kind: 'turntable', frames: 60 } });
    const [first, ...rest] = framesOf(drafts);
    expect(first).toEqual([1]);
    expect(rest.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 59 }, (_, index) => index + 2));
    expect(rest[0]?.slice(0, 2)).toEqual([31, 60]);
    expect(facts).toMatchObject({ frameCount: 60, frameSeconds: 0.85, fps: 24 });
    expect(facts.startSeconds).toBeCloseTo(1.25);
    const last = drafts.at(-1);
    expect(last?.kind).toBe(taskKinds.assemble);
    const { pictures, film } = AssembleParameters.parse(last?.parameters);
    expect(pictures).toHaveLength(60);
    expect(pictures).toEqual([...pictures].sort());
    expect(film).toEqual({ fps: 24 });
  });

  it("takes an animation's range and speed from the file, and from the request before that", () => {
    const own = play({ subject: { kind: 'animation' } });
    expect(own.facts).toMatchObject({ frames: '1-20', fps: 30 });
    const chosen = play({ subject: { kind: 'animation', frames: '5-9x2,12', fps: 12 } });
    expect(chosen.facts).toMatchObject({ frames: '5,7,9,12', fps: 12 });
    expect(
      framesOf(chosen.drafts)
        .flat()
        .sort((a, b) => a - b),
    ).toEqual([5, 7, 9, 12]);
  });

  it('keeps all frames on the version of Blender that has imported the model', () => {
    const { drafts } = play({ subject: { kind: 'turntable', frames: 4 } });
    for (const draft of drafts.filter(({ kind }) => kind === taskKinds.frames))
      expect(draft.constraints.capabilities[0]).toMatchObject({
        name: 'blender',
        features: expect.arrayContaining(['v3.4.1', 'cycles', 'cycles-cpu', 'oidn']),
      });
  });

  it('asks for what the settings need: a GPU, ffmpeg to check EXR, no denoiser', () => {
    const { drafts } = play({ device: 'gpu', format: 'exr', denoise: 'off' });
    const frames = drafts.find(({ kind }) => kind === taskKinds.frames);
    expect(frames?.resources.gpus).toHaveLength(1);
    expect(frames?.constraints.capabilities.map(({ name }) => name)).toEqual(['blender', 'ffmpeg']);
    expect(frames?.constraints.capabilities[0]?.features).not.toContain('oidn');
  });

  it('gives frames the files of the model only when the scene does not stand alone', () => {
    const inputsOf = (facts: ModelFacts) =>
      play({}, facts)
        .drafts.find(({ kind }) => kind === taskKinds.frames)
        ?.inputs.map(({ name }) => name);
    expect(inputsOf(model)).toEqual(['scene.blend']);
    expect(inputsOf({ ...model, needsSources: true })).toEqual(['scene.blend', 'model/chair.glb']);
  });

  it('refuses a range that nobody can have meant', () => {
    const endless = { ...model, animation: { ...model.animation, last: 250_000 } };
    const { failure, drafts } = play({ subject: { kind: 'animation' } }, endless);
    expect(failure?.reason.code).toBe('renders.too_many_frames');
    expect(drafts).toHaveLength(1);
  });

  it('does not put together what is not complete, and does so once it is', () => {
    const parameters = RenderJob.parse({
      main: 'chair.glb',
      files: [{ name: 'chair.glb', digest: digest('a'), size: 1_000 }],
      settings: { subject: { kind: 'turntable', frames: 3 } },
    });
    const whole = play({ subject: { kind: 'turntable', frames: 3 } });
    const tasks = whole.drafts.slice(0, -1).map((draft) => summaryOf(draft, model));
    const ended = tasks.at(-1) as TaskSummary;
    const input = {
      job: { id: 'job', projectId: 'project', name: 'chair' },
      parameters,
      facts: whole.facts,
      ended,
      fleet: { capabilities: [], slots: 1 },
    };
    const lacking = tasks.map((task) =>
      task === ended ? { ...task, outputs: task.outputs.slice(1) } : task,
    );
    expect(renderJob.follow?.({ ...input, tasks: lacking }).tasks ?? []).toEqual([]);
    expect(renderJob.follow?.({ ...input, tasks }).tasks?.map(({ key }) => key)).toEqual(['assemble']);
  });
});
