import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openTestNode, runTask, type TaskRun, type TestNode } from '@backlot/testkit/run-task';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type FramesParameters,
  FramesResult,
  ImportResult,
  type ModelFacts,
  taskKinds,
} from '../contract.ts';
import { readProgress } from '../node/blender/exchange.ts';
import { blenderProbe } from '../node/blender/probe.ts';
import { framesExecutor } from '../node/frames/frames-executor.ts';
import { importExecutor } from '../node/import/import-executor.ts';
import { corpusDir, withSideFiles } from '../testing/corpus.ts';

let node: TestNode;
let scene: string;
let facts: ModelFacts;

const importDuck = {
  main: 'duck.dae',
  upAxis: 'auto',
  stage: {
    camera: { mode: 'auto' },
    light: 'auto',
    floor: 'auto',
    resolution: [64, 48],
    transparent: false,
    turntable: null,
  },
  acceptMissing: false,
};

beforeAll(async () => {
  node = await openTestNode([blenderProbe]);
  const run = await runTask(node, importExecutor, taskKinds.import, importDuck, {
    inputs: withSideFiles(`${corpusDir}/Collada/duck.dae`),
  });
  if (run.conclusion.outcome !== 'ok') throw new Error(run.conclusion.failure.reason.message);
  facts = ImportResult.parse(run.conclusion.result).facts;
  scene = run.files['scene.blend'] ?? '';
});
afterAll(() => node.close());

function parameters(change: Partial<FramesParameters> = {}): FramesParameters {
  return {
    format: facts.format,
    blender: facts.blender,
    frames: [1],
    stage: { ...facts.stage, resolution: [64, 48], transparent: false, turntable: null, animation: null },
    stillFrame: 1,
    picture: 'png',
    depth: 8,
    engine: {
      engine: 'cycles',
      device: 'cpu',
      samples: 4,
      noiseThreshold: 0,
      bounces: 2,
      denoise: false,
      seed: 7,
    },
    expect: { magenta: 0, acceptBlack: false },
    expectedSeconds: null,
    ...change,
  };
}
const render = (change: Partial<FramesParameters> = {}, more: Partial<Parameters<typeof runTask>[4]> = {}) =>
  runTask(node, framesExecutor, taskKinds.frames, parameters(change), {
    ...more,
    inputs: { 'scene.blend': scene },
  });
const turntable = (frames: number) => ({
  frames: Array.from({ length: frames }, (_, index) => index + 1),
  stage: { ...parameters().stage, turntable: { frames } },
});
const pixels = async (run: TaskRun, name: string) => {
  const png = PNG.sync.read(await readFile(run.files[name] ?? ''));
  return createHash('sha256').update(png.data).digest('hex');
};

describe('rendering frames', () => {
  it('gives a checked picture of the right size with its timing', async () => {
    const run = await render();
    expect(run.conclusion).toMatchObject({ outcome: 'ok', result: { frames: [{ frame: 1 }] } });
    expect(run.files['frame-000001.png']).toBeDefined();
    const all = [...run.committedEarly, ...(run.conclusion.outputs ?? [])];
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({
      kind: 'frame',
      mediaType: 'image/png',
      meta: { frame: 1, width: 64, height: 48 },
    });
  });

  it('gives the same pixels for the same parameters, in whatever chunk a frame is rendered', async () => {
    const together = await render(turntable(3));
    const alone = await render({ ...turntable(3), frames: [2] });
    expect(await pixels(alone, 'frame-000002.png')).toBe(await pixels(together, 'frame-000002.png'));
    expect(await pixels(together, 'frame-000001.png')).not.toBe(await pixels(together, 'frame-000002.png'));
  });

  it('says nothing about the machine in its pictures', async () => {
    for (const picture of ['png', 'jpeg', 'exr'] as const) {
      const run = await render({ picture });
      expect(run.conclusion.outcome, JSON.stringify(run.conclusion)).toBe('ok');
      const data = await readFile(Object.values(run.files)[0] ?? '');
      const text = data.toString('latin1');
      for (const telling of [node.scratch, 'scene.blend', 'Blender', 'Date', 'RenderTime', 'tEXt'])
        expect(text, `${picture} holds ${telling}`).not.toContain(telling);
    }
  });

  it('gives a picture with transparency when asked to', async () => {
    const { resolution, turntable: none, animation, ...resolved } = parameters().stage;
    const stage = {
      ...resolved,
      resolution,
      turntable: none,
      animation,
      transparent: true,
      floor: 'off' as const,
    };
    const run = await render({ stage });
    expect(run.conclusion.outcome).toBe('ok');
    const png = PNG.sync.read(await readFile(run.files['frame-000001.png'] ?? ''));
    const alphas = new Set(Array.from({ length: 64 * 48 }, (_, i) => png.data[4 * i + 3]));
    expect(alphas.has(0)).toBe(true);
    expect(alphas.has(255)).toBe(true);
  });

  it('renders with Workbench and in 16 bits too', async () => {
    const engine = { ...parameters().engine, engine: 'workbench' as const };
    const run = await render({ engine, depth: 16 });
    expect(run.conclusion.outcome, JSON.stringify(run.conclusion)).toBe('ok');
  });

  it('keeps every frame that was finished when it is killed, and renders only the rest the next time', async () => {
    // Enough frames that some are left whenever the kill falls, however quick the machine is.
    const wanted = turntable(40);
    const killed = await render(wanted, {
      meanwhile: async (workDir, kill) => {
        const done = async () =>
          (await readProgress(workDir)).filter((line) => line.event === 'frame').length;
        while ((await done()) < 2) await new Promise((resolve) => setTimeout(resolve, 10));
        kill();
      },
    });
    expect(killed.conclusion).toMatchObject({
      outcome: 'failed',
      failure: { class: 'node', signature: 'node:killed' },
    });
    const finished = Object.keys(killed.files).sort();
    expect(finished.length).toBeGreaterThanOrEqual(2);
    expect(finished.length).toBeLessThan(40);

    const second = await render(wanted, { committed: finished });
    expect(second.conclusion.outcome).toBe('ok');
    const rendered = FramesResult.parse(second.conclusion.result).frames.length;
    expect(rendered).toBe(40 - finished.length);
    expect([...finished, ...Object.keys(second.files)].sort()).toEqual(
      wanted.frames.map((frame) => `frame-${String(frame).padStart(6, '0')}.png`),
    );
  });

  it('calls a picture wrong that is black, and takes it when that is meant', async () => {
    // A scene whose only light is off: what a broken driver gives, or a fade to black.
    const stage = { ...parameters().stage, light: 'scene' as const, floor: 'off' as const };
    const dark = join(node.scratch, 'dark.blend');
    await blendWith(
      'for o in bpy.data.objects:\n  if o.type == "LIGHT": bpy.data.objects.remove(o)\nbpy.context.scene.world = None',
      dark,
    );
    const inputs = { 'scene.blend': dark };
    const options = { stage, format: 'blend' as const };
    const judged = await runTask(node, framesExecutor, taskKinds.frames, parameters(options), { inputs });
    expect(judged.conclusion).toMatchObject({
      outcome: 'failed',
      failure: {
        class: 'output',
        reason: { code: 'renders.picture_wrong', params: { detail: 'it is black' } },
      },
    });
    const meant = parameters({ ...options, expect: { magenta: 0, acceptBlack: true } });
    const accepted = await runTask(node, framesExecutor, taskKinds.frames, meant, { inputs });
    expect(accepted.conclusion.outcome).toBe('ok');
  });

  it('does not believe a process that only says that it has rendered', async () => {
    const run = await render(
      {},
      {
        meanwhile: async (workDir, kill) => {
          const line = { event: 'frame', at: 1, frame: 1, file: 'frame-000001.png', seconds: 1, size: 10 };
          await writeFile(join(workDir, 'progress.jsonl'), `${JSON.stringify(line)}\n`);
          kill();
        },
      },
    );
    expect(run.conclusion.outcome).toBe('failed');
    expect(Object.keys(run.files)).toEqual([]);
  });
});

/** Changes the imported scene by a script of the test's own. */
async function blendWith(code: string, target: string): Promise<void> {
  const script = join(node.scratch, 'change.py');
  const path = JSON.stringify(target);
  await writeFile(script, `import bpy\n${code}\nbpy.ops.wm.save_as_mainfile(filepath=${path}, copy=True)\n`);
  const ended = await node.run(['blender', '-b', scene, '--python-exit-code', '9', '-P', script], {
    timeoutMs: 60_000,
  });
  if (ended.code !== 0) throw new Error(ended.stderr.toString());
}
