import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileValue, fileValueOf, kernelSteps, newId, type StepTask } from '@backlot/contract';
import { checkFlow } from '@backlot/contract/flow/check/check-flow';
import { advanceFlow } from '@backlot/contract/flow/engine/advance';
import type { FlowRunInput } from '@backlot/contract/flow/engine/run-context';
import { settleTask } from '@backlot/contract/flow/engine/settle';
import type { StepRecord } from '@backlot/contract/flow/step-record';
import { offeredTemplates } from '@backlot/control/flows/templates/offered';
import { deliverySteps } from '@backlot/deliveries/contract';
import type { TaskExecutor } from '@backlot/node/workload';
import { broadcastEndedFacts, CHAT_KIND, recordingSteps, SEGMENT_KIND } from '@backlot/recordings/contract';
import { recordingsNode } from '@backlot/recordings/node';
import { openTestNode, runTask, type TestNode } from '@backlot/testkit/run-task';
import { transcodeSteps } from '@backlot/transcodes/contract';
import { transcodesNode } from '@backlot/transcodes/node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeSample } from '../../workloads/recordings/test/sources/sample.ts';

/** The template that burns chat in, decided by the engine of flows and done by the real executors with real ffmpeg. */
const steps = [...kernelSteps, ...recordingSteps, ...transcodeSteps, ...deliverySteps];
const kinds = {
  steps: new Map(steps.map((step) => [step.kind, step])),
  triggers: new Map([[broadcastEndedFacts.kind, broadcastEndedFacts as never]]),
};
const executors = { ...recordingsNode.executors, ...transcodesNode.executors };
const template = offeredTemplates(kinds).find(({ name }) => name === 'broadcast-chat');
const broadcast = newId();
let node: TestNode;
let folder: string;
/** What is where, by digest. */
const paths = new Map<string, string>();
let segments: FileValue;
beforeAll(async () => {
  node = await openTestNode();
  folder = mkdtempSync(join(tmpdir(), 'backlot-chat-flow-'));
  const { path } = makeSample(folder, { seconds: 4, gopSeconds: 1, size: '320x180' });
  segments = fileOf(path, SEGMENT_KIND, {
    ...{ broadcast, take: newId(), takeNumber: 1, number: 1, part: 1, run: 1, container: 'flv', baseMs: 0 },
    ...{ firstMs: 0, lastMs: 3_960, firstWall: 1_000_000, lastWall: 1_003_960, videoFrames: 100 },
    ...{ audioFrames: 188, keyframes: 4, startsWithKeyframe: true, bytes: statSync(path).size },
    ...{ codecs: ['h264', 'aac'], width: 320, height: 180, gaps: [] },
  });
});
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true, force: true });
});

function fileOf(path: string, kind: string, meta: Record<string, unknown>): FileValue {
  const bytes = readFileSync(path);
  const digest = createHash('sha256').update(bytes).digest('hex');
  paths.set(digest, path);
  return { digest, size: bytes.length, name: 'x', mediaType: 'application/octet-stream', kind, meta };
}
function chatOf(text: string): FileValue {
  const path = join(folder, `${newId()}.xml`);
  writeFileSync(path, `<i><d p="0.5,5,25,16777215,0,0,1,0" user="u">${text}</d></i>`);
  return fileOf(path, CHAT_KIND, { broadcast, take: newId(), number: 1, format: 'bilibili-xml' });
}

/** Runs the template's first two steps, as `with` changes them; what each of them ended as, and the path of the last film. */
async function run(chat: readonly FileValue[], settings?: Record<string, unknown>) {
  if (!template) throw new Error('The template is not offered.');
  const made = template.definition.steps.filter(({ id }) => id === 'film' || id === 'burnt');
  const changed = made.map((step) =>
    step.id === 'burnt' && settings ? { ...step, with: { settings } } : step,
  );
  const input: FlowRunInput = {
    definition: { ...template.definition, steps: changed },
    kinds: kinds.steps,
    run: {
      ...{ id: newId(), flowId: newId(), projectId: newId(), name: 'chat' },
      startedAt: new Date(0).toISOString(),
    },
    trigger: {
      ports: {
        segments: { type: 'files', files: [segments] },
        ...(chat.length > 0 ? { chat: { type: 'files', files: [...chat] } } : {}),
      },
      data: { broadcast, title: 't' },
    },
    records: [],
  };
  const records = new Map<string, StepRecord>();
  const now = () => ({ ...input, records: [...records.values()] });
  let film = '';
  for (;;) {
    const answer = advanceFlow(now(), 0);
    for (const record of answer.records) records.set(record.key, record);
    if (answer.ended) break;
    for (const { key, draft } of answer.tasks) {
      // Neither of the two is done by a host.
      const executor = executors[draft.kind] as TaskExecutor<unknown> | undefined;
      if (!executor) throw new Error(`Nothing does ${draft.kind}.`);
      const inputs = Object.fromEntries(
        (draft.inputs ?? []).map(({ name, digest }) => [name, paths.get(digest) ?? '']),
      );
      const { conclusion, files } = await runTask(node, executor, draft.kind, draft.parameters, { inputs });
      if (conclusion.outcome !== 'ok') throw new Error(JSON.stringify(conclusion));
      const outputs = conclusion.outputs.map((output) => {
        const path = files[output.name] ?? '';
        const { digest, size } = fileOf(path, output.kind, {});
        if (output.kind === 'film') film = path;
        return fileValueOf({ ...output, digest, size, meta: output.meta ?? {} });
      });
      const task = { state: 'succeeded', outputs, failure: null } as const;
      const ended: StepTask = { ...task, result: asSent(conclusion.result) };
      records.set(key, settleTask(now(), records.get(key) as StepRecord, ended));
    }
  }
  const failures = [...records.values()].flatMap(({ failure }) => failure ?? []);
  return {
    failures,
    states: [...records.values()].map(({ key, state }) => `${key} ${state}`),
    records,
    film,
  };
}

it('the template is offered, and but for the target it is whole', () => {
  expect(template).toBeDefined();
  if (!template) return;
  const issues = checkFlow(template.definition, kinds).map(({ path }) => path.join('.'));
  expect(issues.filter((path) => !path.endsWith('target'))).toEqual([]);
});

it('a broadcast with chat becomes a film with it over the picture, and one without becomes the film alone', async () => {
  const plain = await run([]);
  const burnt = await run([chatOf('a message in the middle of the top')]);
  expect(plain.failures).toEqual([]);
  expect(plain.states).toEqual(['film succeeded', 'burnt succeeded']);
  expect(burnt.states).toEqual(['film succeeded', 'burnt succeeded']);
  expect(Object.keys(plain.records.get('film')?.ports ?? {}).toSorted()).toEqual(['film', 'films', 'report']);
  const [without, drawn] = [picturesOf(plain.film), picturesOf(burnt.film)];
  expect(drawn.length).toBe(without.length);
  const lane = 12;
  // Encoded anew, both are a little different everywhere; letters are white with a black border.
  expect(difference(without, drawn, 1, [0, lane])).toBeGreaterThan(8);
  expect(difference(without, drawn, 1, [90, 180])).toBeLessThan(3);
  expect(difference(without, drawn, 0.2, [0, lane])).toBeLessThan(3);
}, 120_000);

it('a copy burns nothing in: such a flow is refused, and where a template has chosen it, the step says so where there is chat', async () => {
  if (!template) return;
  const asCopy = template.definition.steps.map((step) =>
    step.id === 'burnt' ? { ...step, with: { settings: { rate: { mode: 'copy' } } } } : step,
  );
  const issues = checkFlow({ ...template.definition, steps: asCopy }, kinds);
  expect(issues.filter(({ step }) => step === 'burnt')).toMatchObject([{ code: 'flow.parameter' }]);
  const copied = await run([], { rate: { mode: 'copy' } });
  expect(copied.states).toEqual(['film succeeded', 'burnt succeeded']);
  const refused = await run([chatOf('x')], { rate: { mode: 'copy' } });
  expect(refused.states).toEqual(['film succeeded', 'burnt failed']);
  expect(JSON.stringify(refused.failures)).toMatch(/which copy leaves as it is/);
}, 120_000);

/** A result as it arrives: JSON has no undefined. */
function asSent(result: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(result ?? {}));
}

const [width, height] = [320, 180];

/** Grey pictures of a film, 25 of them each second. */
function picturesOf(path: string): Buffer {
  const argv = [
    '-nostdin',
    '-v',
    'error',
    '-i',
    path,
    '-map',
    '0:v',
    '-pix_fmt',
    'gray',
    '-f',
    'rawvideo',
    'pipe:1',
  ];
  const ended = spawnSync('ffmpeg', argv, { timeout: 170_000, maxBuffer: 64 * 1024 * 1024 });
  if (ended.status !== 0) throw new Error(ended.stderr.toString());
  return ended.stdout;
}

/** How much lines of a picture differ, on the average of their points, of 255. */
function difference(
  one: Buffer,
  other: Buffer,
  second: number,
  [from, to]: readonly [number, number],
): number {
  const at = Math.round(second * 25) * width * height;
  let sum = 0;
  for (let n = at + from * width; n < at + to * width; n++) sum += Math.abs((one[n] ?? 0) - (other[n] ?? 0));
  return sum / ((to - from) * width);
}
