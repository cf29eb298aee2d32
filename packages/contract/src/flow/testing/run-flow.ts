import { FlowDefinition, type FlowDefinitionInput } from '../definition.ts';
import { type Advance, advanceFlow } from '../engine/advance.ts';
import type { FlowRunInput } from '../engine/run-context.ts';
import { settlePerform, settleTask } from '../engine/settle.ts';
import type { StepTask } from '../step-kind.ts';
import type { StepRecord } from '../step-record.ts';
import type { PortValues } from '../value.ts';
import { sampleFile, sampleKinds } from './sample-kinds.ts';

export function flowOf(
  steps: FlowDefinitionInput['steps'],
  more: Partial<FlowDefinitionInput> = {},
): FlowDefinition {
  return FlowDefinition.parse({ version: 1, name: 'test', trigger: { kind: 'test.ended' }, steps, ...more });
}

export const samplePorts: PortValues = {
  film: { type: 'file', file: sampleFile(0) },
  segments: { type: 'files', files: [sampleFile(1), sampleFile(2), sampleFile(3)] },
  data: { type: 'data', data: { list: ['a', 'b'] } },
};

export function runInput(
  definition: FlowDefinition,
  records: readonly StepRecord[] = [],
  data: unknown = {},
): FlowRunInput {
  return {
    definition,
    kinds: sampleKinds.steps,
    run: {
      id: 'r',
      flowId: 'f',
      projectId: 'p',
      name: definition.name,
      startedAt: '2026-11-26T20:00:00.000Z',
    },
    trigger: { ports: samplePorts, data },
    records,
  };
}

/** How the task of a step ends in a simulated run. */
export type Fate = (key: string) => Partial<StepTask> & { readonly state: StepTask['state'] };
export const allWell: Fate = (key) => ({
  state: 'succeeded',
  outputs: [sampleFile(key.length)],
  result: { key },
});

export interface SimulatedRun {
  readonly records: ReadonlyMap<string, StepRecord>;
  readonly started: readonly string[];
  readonly performed: readonly string[];
  readonly ended: Advance['ended'];
  readonly rounds: number;
}

/**
 * Runs a flow to its end without a machine. `pick` says which of the running steps ends next; time jumps when nothing else
 * is left. Throws when a step starts twice, or when the run neither ends nor goes on.
 */
export function simulate(
  definition: FlowDefinition,
  options: {
    fate?: Fate;
    pick?: (running: readonly string[]) => number;
    data?: unknown;
    records?: readonly StepRecord[];
    /** Sees every step that the control plane performs, with what is known before it. */
    onPerform?: (key: string, records: readonly StepRecord[]) => void;
  } = {},
): SimulatedRun {
  const records = new Map((options.records ?? []).map((record) => [record.key, record]));
  const started: string[] = [];
  const performed: string[] = [];
  const running: string[] = [];
  let now = Date.parse('2026-11-26T20:00:00.000Z');
  for (let rounds = 1; rounds < 20_000; rounds += 1) {
    const input = () => runInput(definition, [...records.values()], options.data);
    const answer = advanceFlow(input(), now);
    for (const record of answer.records) records.set(record.key, record);
    for (const { key } of [...answer.tasks, ...answer.performs]) {
      if (started.includes(key) || performed.includes(key)) throw new Error(`${key} started twice`);
    }
    started.push(...answer.tasks.map(({ key }) => key));
    running.push(...answer.tasks.map(({ key }) => key));
    for (const { key } of answer.performs) {
      performed.push(key);
      options.onPerform?.(key, [...records.values()]);
      records.set(key, settlePerform(input(), records.get(key) as StepRecord, { ports: {} }));
    }
    if (answer.performs.length > 0) continue;
    if (answer.ended) return { records, started, performed, ended: answer.ended, rounds };
    if (running.length > 0) {
      const [key] = running.splice((options.pick?.(running) ?? 0) % running.length, 1) as [string];
      const fate = (options.fate ?? allWell)(key);
      const task: StepTask = { result: null, outputs: [], failure: null, ...fate };
      records.set(key, settleTask(input(), records.get(key) as StepRecord, task));
    } else if (answer.dueAt !== null) now = answer.dueAt;
    else
      throw new Error(
        `stuck: ${[...records.values()].map(({ key, state }) => `${key} ${state}`).join(', ')}`,
      );
  }
  throw new Error('endless');
}
