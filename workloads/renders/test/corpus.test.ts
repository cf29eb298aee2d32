import { openTestNode, runTask, type TaskRun, type TestNode } from '@backlot/testkit/run-task';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImportResult, renderPhrases, taskKinds } from '../contract.ts';
import { blenderProbe } from '../node/blender/probe.ts';
import { importExecutor } from '../node/import/import-executor.ts';
import { decodePicture } from '../node/pictures/decode.ts';
import { type CorpusModel, corpusModels } from '../testing/corpus.ts';

/**
 * Real models that nobody here has made: every file of assimp-testmodels in a format that is rendered either becomes a
 * checked picture that is not empty, or ends in a sentence. Broken ones never succeed, and none crashes anything.
 */
const models = corpusModels();

/** Files that are broken on purpose: whatever an importer may make of them, they must not end as succeeded. */
const malformed = [
  /^invalid\//,
  /^glTF2\/wrongTypes\//,
  /^glTF2\/SchemaFailures\//,
  /^glTF2\/IndexOutOfRange\//,
  /^glTF2\/IncorrectVertexArrays\//,
  /^glTF2\/RecursiveNodes\//,
  /^glTF2\/TestNoRootNode\//,
  /^glTF2\/MissingBin\//,
  /^glTF2\/BoxWithInfinites/,
];
/** Classes that a failure may have here: our own fault and a crash are never an answer. */
const honest = new Set(['input', 'missing']);
/** Blender starts single-threaded: two at a time use two cores. */
const SIDE_BY_SIDE = 2;

let node: TestNode;
const runs = new Map<string, TaskRun>();

beforeAll(async () => {
  node = await openTestNode([blenderProbe]);
  const waiting = [...models];
  const work = async () => {
    for (let model = waiting.shift(); model; model = waiting.shift())
      runs.set(model.name, await importOne(model));
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
}, 900_000);
afterAll(() => node.close());

function importOne(model: CorpusModel): Promise<TaskRun> {
  const parameters = {
    main: model.main,
    upAxis: 'auto',
    stage: {
      camera: { mode: 'auto' },
      light: 'auto',
      floor: 'auto',
      resolution: [48, 36],
      transparent: false,
      turntable: null,
    },
    acceptMissing: true,
  };
  return runTask(node, importExecutor, taskKinds.import, parameters, { inputs: model.inputs });
}

describe.skipIf(models.length === 0)('every model of the corpus', () => {
  it('is there in the numbers that Debian ships', () => {
    expect(models.length).toBeGreaterThan(140);
    expect(runs.size).toBe(models.length);
  });

  it.each(models.map((model) => [model.name]))('%s renders or says why not', async (name) => {
    const run = runs.get(name);
    if (!run) throw new Error('it was not run');
    const { conclusion, files } = run;
    if (conclusion.outcome === 'failed') {
      const { failure } = conclusion;
      expect(honest, `${failure.reason.message}\n${run.log.slice(-2_000)}`).toContain(failure.class);
      expect(Object.keys(renderPhrases)).toContain(failure.reason.code);
      // A sentence with all of its blanks filled.
      expect(failure.reason.message).toMatch(/^[A-Z0-9].*\.$/s);
      expect(failure.reason.message).not.toMatch(/\{\w+\}/);
      return;
    }
    expect(malformed.some((pattern) => pattern.test(name))).toBe(false);
    const { facts } = ImportResult.parse(conclusion.result);
    expect(facts.coverage).toBeGreaterThan(0);
    const tools = { run: node.run, ffmpeg: undefined, signal: new AbortController().signal };
    const picture = await decodePicture(files['preview.png'] ?? '', 'png', tools);
    expect(picture.stats.coverage).toBeGreaterThan(0);
    expect(picture.stats.max).toBeGreaterThan(0.02);
  });

  it('renders most of what is not broken', () => {
    const rendered = [...runs.values()].filter((run) => run.conclusion.outcome === 'ok');
    // 3.4.1 renders 105 of 151; a newer Blender reads more of them, none should read clearly fewer.
    expect(rendered.length).toBeGreaterThanOrEqual(100);
  });
});
