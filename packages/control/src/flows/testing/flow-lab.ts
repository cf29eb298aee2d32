import {
  type FlowDefinitionInput,
  type FlowRunDetail,
  type FlowRunState,
  newId,
  type StepKind,
} from '@backlot/contract';
import type { FakeEnd } from '@backlot/testkit/fake-fleet';
import { openTestCore, type TestCore } from '@backlot/testkit/test-core';
import pino from 'pino';
import { z } from 'zod';
import { auditLog } from '../../access/audit-log.ts';
import { createEventLog } from '../../events/event-log.ts';
import { createLocalFabric } from '../../fabric/local-fabric.ts';
import type { ControlWorkload } from '../../workload.ts';
import { installedKinds } from '../flow-kinds.ts';
import { kernelPerforms } from '../perform-delete.ts';
import { readRunDetail } from '../runs/run-view.ts';
import { FlowStore } from '../store/flows.ts';

const words = (en: string) => ({ en, 'zh-CN': en });
const file = { type: 'file' } as const;
const asData = (value: unknown) => ({ type: 'data' as const, data: JSON.parse(JSON.stringify(value ?? {})) });

const make: StepKind<{ n?: number | undefined; cpu?: number | undefined }> = {
  kind: 'lab.make',
  title: words('Make'),
  summary: words('Makes a file'),
  parameters: z.object({ n: z.number().optional(), cpu: z.number().optional() }),
  inputs: { file: { ...file, required: false }, files: { type: 'files', required: false } },
  outputs: { film: file },
  carries: { film: 'files' },
  draft: ({ step, parameters, item }) => ({
    kind: 'lab.work',
    parameters: { name: item === undefined ? step.id : `${step.id}[${item}]` },
    retry: { maxAttempts: 1, backoffMs: 1, maxBackoffMs: 5 },
    resources: { cpu: parameters.cpu ?? 0.1 },
  }),
  outcome: (_input, { outputs }) => ({ ports: outputs[0] ? { film: { ...file, file: outputs[0] } } : {} }),
};
/** As `lab.make`, of a file that its task must have. */
const copy: StepKind<object> = {
  kind: 'lab.copy',
  title: words('Copy'),
  summary: words('Copies a file'),
  parameters: z.object({}),
  inputs: { file },
  outputs: { film: file },
  draft: ({ step, inputs }) => ({
    kind: 'lab.work',
    parameters: { name: step.id },
    inputs:
      inputs.file?.type === 'file'
        ? [{ name: 'source.bin', digest: inputs.file.file.digest, size: inputs.file.file.size }]
        : [],
    retry: { maxAttempts: 1, backoffMs: 1, maxBackoffMs: 5 },
    resources: { cpu: 0.1 },
  }),
  outcome: (_input, { outputs }) => ({ ports: outputs[0] ? { film: { ...file, file: outputs[0] } } : {} }),
};
const upload: StepKind<object> = {
  kind: 'lab.upload',
  title: words('Upload'),
  summary: words('Uploads'),
  parameters: z.object({}),
  inputs: { file },
  outputs: { copy: { type: 'data' } },
  maxAttempts: 1_000_000,
  persistent: true,
  draft: ({ step }) => ({
    kind: 'lab.work',
    parameters: { name: step.id },
    retry: { backoffMs: 1, maxBackoffMs: 5 },
    resources: { cpu: 0.1 },
  }),
  outcome: (_input, { result }) => ({ ports: { copy: asData(result) } }),
};
const verify: StepKind<object> = {
  ...upload,
  kind: 'lab.verify',
  inputs: { file, copy: { type: 'data' } },
  outputs: {},
  verifies: 'file',
  outcome: () => ({ ports: {} }),
};
const tell: StepKind<{ text: string }> = {
  kind: 'lab.tell',
  title: words('Tell'),
  summary: words('Tells'),
  parameters: z.object({ text: z.string() }),
  inputs: {},
  outputs: { said: { type: 'data' } },
  performedBy: 'control',
};

/** A control plane's core with flows, fake nodes, and steps that do what a test says. */
export interface FlowLab {
  readonly house: TestCore;
  readonly store: FlowStore;
  readonly projectId: string;
  /** How tasks of steps end, by the step's id (`part[0]` in a for-each); well unless named. */
  ends: Record<string, FakeEnd | ((attempt: number) => FakeEnd)>;
  /** Offers by step, in order. */
  readonly offered: string[];
  /** What `lab.tell` said. It fails as often as `tellFaults` says. */
  readonly told: string[];
  tellFaults: number;
  flow(steps: FlowDefinitionInput['steps'], more?: Partial<FlowDefinitionInput>): Promise<string>;
  start(flowId: string, data?: Record<string, unknown>, key?: string): Promise<string>;
  run(runId: string): Promise<FlowRunDetail>;
  ended(runId: string): Promise<FlowRunDetail>;
  reaches(runId: string, state: FlowRunState): Promise<FlowRunDetail>;
  close(): Promise<void>;
}

export function statesOf(run: FlowRunDetail): Record<string, string> {
  return Object.fromEntries([['run', run.state], ...run.steps.map(({ key, state }) => [key, state])]);
}

export async function openFlowLab(): Promise<FlowLab> {
  const told: string[] = [];
  const offered: string[] = [];
  const attempts = new Map<string, number>();
  const state: Pick<FlowLab, 'ends' | 'tellFaults'> = { ends: {}, tellFaults: 0 };
  const workload: ControlWorkload = {
    name: 'lab',
    taskKinds: { 'lab.work': { parameters: z.looseObject({ name: z.string() }), result: z.looseObject({}) } },
    steps: [make, copy, upload, verify, tell],
    performs: {
      'lab.tell': async (_tx, input) => {
        const { text } = input.parameters as { text: string };
        if (state.tellFaults > 0) {
          state.tellFaults -= 1;
          throw new Error('not now');
        }
        told.push(text);
        return { ports: { said: { type: 'data', data: text } } };
      },
    },
  };
  const house = await openTestCore({
    workloads: [workload],
    random: () => 0,
    work: async (offer) => {
      const name = String(offer.parameters.name);
      offered.push(name);
      const attempt = (attempts.get(offer.task) ?? 0) + 1;
      attempts.set(offer.task, attempt);
      const end = state.ends[name];
      if (typeof end === 'function') return end(attempt);
      return (
        end ?? { outcome: 'ok', result: { path: name }, outputs: [`${name.replace(/[[\]]/g, '-')}.bin`] }
      );
    },
  });
  await house.fleet.add({ cpu: 64, memory: 64 * 1024 ** 3 });
  house.core.placement.wake('node-changed');
  const projectId = await house.project();
  const installed = installedKinds(
    [workload],
    kernelPerforms(() => installed),
  );
  const store = new FlowStore({
    store: house.database.store,
    events: createEventLog(createLocalFabric({ log: pino({ level: 'silent' }) })),
    audit: auditLog,
    installed,
    now: () => new Date(),
    rescheduled: () => undefined,
  });
  const run = async (id: string) => {
    const found = await readRunDetail(house.database.db, installed, id);
    if (!found) throw new Error('there is no such run');
    return found;
  };
  const until = (id: string, done: (found: FlowRunDetail) => boolean, what: string) =>
    house.until(async () => {
      const found = await run(id);
      return done(found) && found;
    }, what);
  return Object.assign(state, {
    house,
    store,
    projectId,
    offered,
    told,
    flow: (steps: FlowDefinitionInput['steps'], more: Partial<FlowDefinitionInput> = {}) =>
      store.create(
        {
          projectId,
          enabled: true,
          note: '',
          definition: {
            version: 1,
            name: `flow ${newId()}`,
            trigger: { kind: 'flow.manual' },
            steps,
            ...more,
          },
        },
        house.actor,
      ),
    start: async (flowId: string, data: Record<string, unknown> = {}, key: string = newId()) =>
      (await house.flows.start({ flow: { flowId }, key, ports: {}, data })).runId,
    run,
    ended: (id: string) => until(id, ({ endedAt }) => endedAt !== null, 'the run ends'),
    reaches: (id: string, wanted: FlowRunState) =>
      until(id, ({ state: now }) => now === wanted, `the run is ${wanted}`),
    close: () => house.close(),
  });
}
