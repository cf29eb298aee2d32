import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImportResult, taskKinds } from '../contract.ts';
import { importExecutor } from '../node/import/import-executor.ts';
import { corpusDir, withSideFiles } from '../testing/corpus.ts';
import { openTestNode, runTask, type TestNode } from '../testing/run-task.ts';

let node: TestNode;
beforeAll(async () => {
  node = await openTestNode();
});
afterAll(() => node.close());

const wish = {
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
const importModel = (path: string, more: object = {}) =>
  runTask(
    node,
    importExecutor,
    taskKinds.import,
    { ...wish, main: path.split('/').at(-1), ...more },
    {
      inputs: withSideFiles(`${corpusDir}/${path}`),
    },
  );

describe('importing a model', () => {
  it('gives facts, a scene that stands alone and a preview', async () => {
    const { conclusion } = await importModel('Collada/duck.dae');
    console.log(JSON.stringify(conclusion).slice(0, 3000), JSON.stringify(node.capabilities[0]));
    expect(conclusion.outcome).toBe('ok');
    if (conclusion.outcome !== 'ok') return;
    const { facts } = ImportResult.parse(conclusion.result);
    expect(facts).toMatchObject({
      format: 'dae',
      main: 'duck.dae',
      polygons: 2144,
      missing: [],
      materials: 1,
    });
    expect(conclusion.outputs.map((output) => output.name).sort()).toEqual(['preview.png', 'scene.blend']);
  });
});
