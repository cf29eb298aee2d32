import { createWriteStream } from 'node:fs';
import { copyFile, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openTestNode, runTask, type TaskRun, type TestNode } from '@backlot/testkit/run-task';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import yazl from 'yazl';
import { type ImportParametersInput, ImportResult, taskKinds } from '../contract.ts';
import { blenderProbe } from '../node/blender/probe.ts';
import { importExecutor } from '../node/import/import-executor.ts';
import { corpusDir, withSideFiles } from '../testing/corpus.ts';

let node: TestNode;
beforeAll(async () => {
  node = await openTestNode([blenderProbe]);
});
afterAll(() => node.close());

const wish: Omit<ImportParametersInput, 'main'> = {
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
type Change = Partial<Omit<ImportParametersInput, 'stage'>> & {
  stage?: Partial<ImportParametersInput['stage']>;
};

const importFiles = (main: string, inputs: Readonly<Record<string, string>>, change: Change = {}) =>
  runTask(
    node,
    importExecutor,
    taskKinds.import,
    { ...wish, main, ...change, stage: { ...wish.stage, ...change.stage } },
    { inputs },
  );
/** A model of the corpus, with what lies beside it. */
const importModel = (path: string, change: Change = {}) =>
  importFiles(path.split('/').at(-1) ?? '', withSideFiles(`${corpusDir}/${path}`), change);

function factsOf(run: TaskRun) {
  if (run.conclusion.outcome !== 'ok')
    throw new Error(`${run.conclusion.failure.reason.message}\n${run.log.slice(-1_500)}`);
  return ImportResult.parse(run.conclusion.result).facts;
}

describe('importing a model', () => {
  it('gives facts, a scene that stands alone and a preview', async () => {
    const run = await importModel('Collada/duck.dae');
    expect(factsOf(run)).toMatchObject({
      format: 'dae',
      main: 'duck.dae',
      polygons: 2144,
      triangles: 4212,
      materials: 1,
      images: 1,
      missing: [],
      stage: { camera: { mode: 'framed' }, light: 'studio', floor: 'on' },
      needsSources: false,
    });
    expect(Object.keys(run.files).sort()).toEqual(['preview.png', 'scene.blend']);
  });

  it('proves every importer of this machine before it promises one', () => {
    const blender = node.capabilities.find(({ name }) => name === 'blender');
    expect(blender?.features).toEqual(
      expect.arrayContaining([
        'blend',
        'glb',
        'gltf',
        'obj',
        'fbx',
        'stl',
        'ply',
        'dae',
        'cycles',
        'cycles-cpu',
      ]),
    );
    expect(blender?.features).toContain(`v${blender?.version}`);
    // No GPU is here, and the probe says how it knows.
    expect(blender?.details.lacks).toHaveProperty('cycles-gpu');
  });

  it('takes camera and range of a .blend from the file', async () => {
    const facts = factsOf(await importModel('BLEND/TorusLightsCams_250_compressed.blend'));
    expect(facts.stage.camera).toMatchObject({ mode: 'named' });
    expect(facts.cameras.some(({ active }) => active)).toBe(true);
    expect(facts.savedWith).toMatch(/^2\.5/);
    expect(facts.own).toMatchObject({ samples: expect.any(Number) });
  });

  it('finds what moves in a glTF, and the frames in which it does', async () => {
    const facts = factsOf(
      await importModel('glTF2/glTF-Sample-Models/AnimatedMorphCube-glTF/AnimatedMorphCube.gltf'),
    );
    expect(facts.animation.moves).toBe(true);
    expect(facts.animation.last).toBeGreaterThan(facts.animation.first + 10);
  });

  it('turns a model up by the axis that is asked for', async () => {
    const lying = factsOf(await importModel('STL/Wuson.stl'));
    const upright = factsOf(await importModel('STL/Wuson.stl', { upAxis: '+y' }));
    const height = ({ bounds }: typeof lying) => bounds.high[2] - bounds.low[2];
    const depth = ({ bounds }: typeof lying) => bounds.high[1] - bounds.low[1];
    expect(height(upright)).toBeCloseTo(depth(lying), 3);
    expect(depth(upright)).toBeCloseTo(height(lying), 3);
  });

  it('frames models of millimetres and of a kilometre alike', async () => {
    const small = factsOf(await importModel('FBX/phong_cube.fbx'));
    const large = factsOf(await importModel('OBJ/regr01.obj', { acceptMissing: true }));
    expect(small.bounds.radius).toBeLessThan(0.01);
    expect(large.bounds.radius).toBeGreaterThan(1_000);
    for (const { coverage } of [small, large]) {
      expect(coverage).toBeGreaterThan(0.25);
      expect(coverage).toBeLessThan(0.9);
    }
  });
});

describe('files beside the model', () => {
  const spider = withSideFiles(`${corpusDir}/OBJ/spider.obj`);
  const only = (...names: string[]) =>
    Object.fromEntries(Object.entries(spider).filter(([name]) => names.includes(name.replace('model/', ''))));

  it('are named when they are missing, and the preview shows what is there', async () => {
    const run = await importFiles('spider.obj', only('spider.obj', 'spider.mtl'));
    expect(run.conclusion).toMatchObject({
      outcome: 'failed',
      failure: {
        class: 'missing',
        missing: expect.arrayContaining(['SpiderTex.jpg', 'wal67ar_small.jpg']),
        reason: { code: 'renders.files_missing' },
      },
    });
    expect(Object.keys(run.files)).toEqual(['preview-incomplete.png']);
  });

  it('can be done without, when that is accepted', async () => {
    const run = await importFiles('spider.obj', only('spider.obj', 'spider.mtl'), { acceptMissing: true });
    expect(factsOf(run).missing.length).toBeGreaterThan(3);
  });

  it('can’t be done without when they hold the geometry', async () => {
    const model = `${corpusDir}/glTF2/BoxTextured-glTF/BoxTextured.gltf`;
    const run = await importFiles(
      'BoxTextured.gltf',
      { 'model/BoxTextured.gltf': model },
      { acceptMissing: true },
    );
    expect(run.conclusion).toMatchObject({
      outcome: 'failed',
      failure: {
        class: 'missing',
        missing: expect.arrayContaining(['BoxTextured0.bin']),
        reason: { code: 'renders.files_required' },
      },
    });
  });

  it('are found under other case, other slashes and in another folder', async () => {
    const folder = await mkdtemp(join(node.scratch, 'names-'));
    await mkdir(join(folder, 'TEXTURES'));
    await writeFile(
      join(folder, 'box.obj'),
      'mtllib .\\BOX.MTL\nv 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nvt 0 0\nvt 1 0\nvt 0 1\nusemtl m\nf 1/1 2/2 3/3\nf 1/1 2/2 4/3\n',
    );
    await writeFile(
      join(folder, 'Box.mtl'),
      'newmtl m\nKd 1 1 1\nmap_Kd -s 1 1 1 C:\\art\\textures\\Wood Grain.JPG\n',
    );
    const texture = Object.values(spider).find((file) => file.endsWith('SpiderTex.jpg')) ?? '';
    await copyFile(texture, join(folder, 'TEXTURES/wood grain.jpg'));
    const facts = factsOf(await importFiles('box.obj', withSideFiles(join(folder, 'box.obj'))));
    expect(facts).toMatchObject({ missing: [], images: 1, materials: 1 });
  });

  it('come out of a zip, with the model in whatever folder', async () => {
    const zip = new yazl.ZipFile();
    for (const [name, file] of Object.entries(spider))
      if (/spider\.(obj|mtl)$|\.jpg$/.test(name)) zip.addFile(file, name.replace('model/', 'My Models/'));
    zip.end();
    const path = join(node.scratch, 'spider.zip');
    await pipeline(zip.outputStream, createWriteStream(path));
    const facts = factsOf(await importFiles('spider.zip', { 'model/spider.zip': path }));
    expect(facts).toMatchObject({ format: 'obj', main: 'My Models/spider.obj', missing: [] });
  });

  it('are refused with a sentence when the zip is no zip, or holds no model', async () => {
    const noise = join(node.scratch, 'noise.zip');
    await writeFile(noise, 'no zip');
    const broken = await importFiles('noise.zip', { 'model/noise.zip': noise });
    expect(broken.conclusion).toMatchObject({
      failure: { class: 'input', reason: { code: 'renders.zip_refused' } },
    });
    const empty = new yazl.ZipFile();
    empty.addBuffer(Buffer.from('x'), 'readme.txt');
    empty.end();
    const path = join(node.scratch, 'empty.zip');
    await pipeline(empty.outputStream, createWriteStream(path));
    const without = await importFiles('empty.zip', { 'model/empty.zip': path });
    expect(without.conclusion).toMatchObject({
      failure: { class: 'input', reason: { code: 'renders.zip_without_model' } },
    });
  });
});

describe('a model that can’t be rendered', () => {
  it.each([
    ['glTF2/draco/2CylinderEngine.gltf', 'input', 'renders.compressed'],
    ['FBX/cubes_with_names.fbx', 'input', 'renders.unsupported_version'],
    ['PLY/points.ply', 'input', 'renders.no_geometry'],
    ['glTF2/BoxWithInfinites-glTF-Binary/BoxWithInfinites.glb', 'input', 'renders.empty_picture'],
    ['invalid/malformed.obj', 'input', 'renders.unreadable'],
    ['glTF2/RecursiveNodes/RecursiveNodes.gltf', 'input', 'renders.unreadable'],
  ])('%s says why', async (path, failureClass, code) => {
    const { conclusion } = await importModel(path);
    expect(conclusion).toMatchObject({
      outcome: 'failed',
      failure: { class: failureClass, reason: { code } },
    });
  });

  it('is stopped when reading it takes too long', async () => {
    const model = `${corpusDir}/glTF2/2CylinderEngine-glTF-Binary/2CylinderEngine.glb`;
    const run = await runTask(
      node,
      importExecutor,
      taskKinds.import,
      { ...wish, main: '2CylinderEngine.glb' },
      { inputs: { 'model/2CylinderEngine.glb': model }, wallMs: 700 },
    );
    expect(run.conclusion).toMatchObject({
      outcome: 'failed',
      failure: { class: 'stall', reason: { code: 'renders.import_too_slow' } },
    });
  });
});
