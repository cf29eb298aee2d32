import { type GraphStep, isForEach } from '../engine/graph.ts';
import { itemPorts } from '../kinds/for-each.ts';
import type { StepKind, StepKinds } from '../step-kind.ts';
import type { TriggerFacts } from '../trigger-kind.ts';
import type { PortType } from '../value.ts';

/** What flows may be made of. */
export interface FlowKinds {
  readonly steps: StepKinds;
  readonly triggers: ReadonlyMap<string, TriggerFacts>;
}

/** Ways on from a kind of step. */
export function waysOf(kind: StepKind): readonly string[] {
  return kind.branches ? [...kind.branches, 'error'] : ['ok', 'error'];
}

/** Type of a step's output as another step sees it: from inside of a for-each, what it is at. */
export function outputType(from: GraphStep, port: string, inside: boolean): PortType | undefined {
  const ports: Readonly<Record<string, { readonly type: PortType }>> =
    inside && isForEach(from) ? itemPorts : (from.kind?.outputs ?? {});
  return Object.hasOwn(ports, port) ? ports[port]?.type : undefined;
}
