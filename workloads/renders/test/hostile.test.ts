import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openTestNode, runTask, type TestNode } from '@backlot/testkit/run-task';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FramesParameters, ImportResult, taskKinds } from '../contract.ts';
import { blenderProbe } from '../node/blender/probe.ts';
import { framesExecutor } from '../node/frames/frames-executor.ts';
import { importExecutor } from '../node/import/import-executor.ts';

/**
 * A .blend that carries everything which can act by itself: a registered text block, a driver, a Freestyle style module
 * and a compositor that writes files. Each payload tries to leave a file where a person would find it.
 */
let node: TestNode;
let outside: string;
let hostile: string;

beforeAll(async () => {
  node = await openTestNode([blenderProbe]);
  outside = join(node.scratch, 'outside');
  await mkdir(outside);
  hostile = join(node.scratch, 'hostile.blend');
  await makeHostile();
});
afterAll(() => node.close());

async function makeHostile(): Promise<void> {
  const script = join(node.scratch, 'make-hostile.py');
  await writeFile(script, maker(outside, hostile));
  const ended = await node.run(
    ['blender', '-b', '--factory-startup', '--python-exit-code', '9', '-P', script],
    {
      timeoutMs: 60_000,
    },
  );
  if (ended.code !== 0) throw new Error(ended.stderr.toString());
}

const payload = (folder: string, name: string) =>
  `open(${JSON.stringify(join(folder, name))}, 'w').write('escaped')`;
const maker = (folder: string, target: string) => `
import bpy
scene = bpy.context.scene
text = bpy.data.texts.new('startup.py')
text.write(${JSON.stringify(payload(folder, 'text-block'))})
text.use_module = True
cube = bpy.data.objects['Cube']
driver = cube.driver_add('location', 0).driver
driver.type = 'SCRIPTED'
driver.expression = ${JSON.stringify(`__import__('os').system('touch ${folder}/driver') or 0.0`)}
style = bpy.data.texts.new('style.py')
style.write(${JSON.stringify(`${payload(folder, 'freestyle')}\n`)})
scene.render.use_freestyle = True
settings = bpy.context.view_layer.freestyle_settings
settings.mode = 'SCRIPT'
settings.modules.new().script = style
scene.use_nodes = True
writer = scene.node_tree.nodes.new('CompositorNodeOutputFile')
writer.base_path = ${JSON.stringify(folder)}
layers = next(n for n in scene.node_tree.nodes if n.bl_idname == 'CompositorNodeRLayers')
scene.node_tree.links.new(layers.outputs[0], writer.inputs[0])
scene.render.resolution_x, scene.render.resolution_y = 32, 32
scene.cycles.samples, scene.cycles.use_denoising = 1, False
scene.render.filepath = ${JSON.stringify(join(folder, 'output-path'))}
bpy.ops.wm.save_as_mainfile(filepath=${JSON.stringify(target)})
`;

const stage = {
  camera: { mode: 'auto' },
  light: 'auto',
  floor: 'auto',
  resolution: [48, 32],
  transparent: false,
  turntable: null,
};
const importIt = (main: string, source: string) =>
  runTask(
    node,
    importExecutor,
    taskKinds.import,
    { main, upAxis: 'auto', stage, acceptMissing: true },
    {
      inputs: { [`model/${main}`]: source },
    },
  );

describe('a hostile .blend', () => {
  it('does nothing outside while it is imported and rendered, and is rendered all the same', async () => {
    const imported = await importIt('hostile.blend', hostile);
    expect(imported.conclusion.outcome, JSON.stringify(imported.conclusion)).toBe('ok');
    if (imported.conclusion.outcome !== 'ok') return;
    const { facts } = ImportResult.parse(imported.conclusion.result);
    expect(facts.disarmed).toEqual(['file_output_node', 'freestyle_script', 'scripted_driver', 'text_block']);

    const parameters: FramesParameters = {
      format: 'blend',
      blender: facts.blender,
      frames: [1],
      stage: { ...facts.stage, resolution: [48, 32], transparent: false, turntable: null, animation: null },
      stillFrame: 1,
      picture: 'png',
      depth: 8,
      engine: {
        engine: 'cycles',
        device: 'cpu',
        samples: 1,
        noiseThreshold: 0,
        bounces: 1,
        denoise: false,
        seed: 0,
      },
      expect: { magenta: 1, acceptBlack: false },
      expectedSeconds: null,
    };
    const scene = imported.files['scene.blend'] ?? '';
    const rendered = await runTask(node, framesExecutor, taskKinds.frames, parameters, {
      inputs: { 'scene.blend': scene },
    });
    expect(rendered.conclusion.outcome, JSON.stringify(rendered.conclusion)).toBe('ok');
    expect(await readdir(outside)).toEqual([]);
  });

  it('is contained by the sandbox alone, also when nothing disarms it', async () => {
    const attack = async (sandboxed: boolean) => {
      const workDir = join(node.scratch, `attack-${sandboxed}`);
      await mkdir(workDir, { recursive: true });
      await node.run(
        [
          'blender',
          '-b',
          '--enable-autoexec',
          hostile,
          '-E',
          'CYCLES',
          '-o',
          join(workDir, 'frame'),
          '-f',
          '1',
        ],
        {
          timeoutMs: 120_000,
          cwd: workDir,
          ...(sandboxed ? { sandbox: { network: 'none' as const, readOnly: [hostile], workDir } } : {}),
        },
      );
      return readdir(outside);
    };
    expect(await attack(true)).toEqual([]);
    // The payloads are real: without the sandbox they act. Otherwise this test would prove nothing.
    expect((await attack(false)).sort()).toEqual(['Image0001.png', 'driver', 'freestyle', 'text-block']);
  });
});

describe('hostile names and parameters', () => {
  const names = [
    `"; import os; os.system('touch ${'$'}HOME/x') #.blend`,
    `'$(touch escaped)'.blend`,
    '--python-expr import os.blend',
    'ünïcødé 模型 \u202e.blend',
    `${'a'.repeat(200)}.blend`,
  ];
  it.each(names)('are data: %s', async (name) => {
    const plain = join(node.scratch, 'plain.blend');
    if (!existsSync(plain)) {
      const code = `import bpy; bpy.ops.wm.save_as_mainfile(filepath=${JSON.stringify(plain)})`;
      await node.run(['blender', '-b', '--factory-startup', '--python-expr', code], { timeoutMs: 60_000 });
    }
    const run = await importIt(name, plain);
    expect(run.conclusion.outcome, JSON.stringify(run.conclusion)).toBe('ok');
    if (run.conclusion.outcome === 'ok')
      expect(ImportResult.parse(run.conclusion.result).facts.main).toBe(name);
  });

  it('a camera with a hostile name is looked for, and not found', async () => {
    const wanted = "x'); import os; os.abort(); ('../../etc/passwd";
    const parameters = {
      main: 'hostile.blend',
      upAxis: 'auto',
      stage: { ...stage, camera: { mode: 'named', name: wanted } },
      acceptMissing: true,
    };
    const run = await runTask(node, importExecutor, taskKinds.import, parameters, {
      inputs: { 'model/hostile.blend': hostile },
    });
    expect(run.conclusion).toMatchObject({
      outcome: 'failed',
      failure: {
        class: 'input',
        reason: { code: 'renders.no_such_camera', params: { wanted, cameras: 'Camera' } },
      },
    });
  });
});
