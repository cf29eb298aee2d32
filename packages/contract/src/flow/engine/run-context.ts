import type { FlowDefinition } from '../definition.ts';
import type { StepKinds } from '../step-kind.ts';
import type { StepRecord } from '../step-record.ts';
import type { FileValue, PortValue, PortValues } from '../value.ts';
import { type Graph, graphOf } from './graph.ts';

/** All that the state of a run follows from. The same on the control plane and on a node that is cut off. */
export interface FlowRunInput {
  readonly definition: FlowDefinition;
  readonly kinds: StepKinds;
  readonly run: {
    readonly id: string;
    readonly flowId: string;
    readonly projectId: string;
    readonly name: string;
    /** ISO 8601. */
    readonly startedAt: string;
  };
  readonly trigger: { readonly ports: PortValues; readonly data: unknown };
  /** Of all steps that have begun or ended. */
  readonly records: readonly StepRecord[];
}

/** What a for-each goes through. */
export type Items = { readonly files: readonly FileValue[] } | { readonly list: readonly Json[] };
type Json = Extract<PortValue, { type: 'data' }>['data'];

/** The same while it is being worked out: records by key, new ones among them. */
export interface RunContext {
  readonly input: FlowRunInput;
  readonly graph: Graph;
  readonly records: Map<string, StepRecord>;
  /** Worked out once: what a for-each goes through does not change once it has begun. */
  readonly items: Map<string, Items>;
}

export function runContext(input: FlowRunInput): RunContext {
  return {
    input,
    graph: graphOf(input.definition, input.kinds),
    records: new Map(input.records.map((record) => [record.key, record])),
    items: new Map(),
  };
}
