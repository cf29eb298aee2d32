import type { FlowDefinition, FlowStep } from '../definition.ts';
import { forEachStep } from '../kinds/for-each.ts';
import type { StepKind, StepKinds } from '../step-kind.ts';

/**
 * What a step waits for. `way`: `ok` (it succeeded, whichever branch), `error`, a branch by name, or `open` (the for-each
 * around it has begun).
 */
export interface Dependency {
  readonly from: string;
  readonly way: string;
}

/** A step with its place in the graph. */
export interface GraphStep {
  readonly step: FlowStep;
  /** Missing when no workload brings it any more. */
  readonly kind: StepKind | undefined;
  readonly dependencies: readonly Dependency[];
  /** For-eaches around it, outermost first. */
  readonly around: readonly string[];
  /** Steps that name it as a dependency. */
  readonly consumers: readonly string[];
}

export type Graph = ReadonlyMap<string, GraphStep>;

/** References of an input port, as a list. */
export function referencesOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}

export function splitReference(reference: string): [step: string, port: string] {
  const dot = reference.indexOf('.');
  return dot < 0 ? [reference, ''] : [reference.slice(0, dot), reference.slice(dot + 1)];
}

/** Which steps are in the body of which; a circle, or a step that isn't there, ends the chain. */
export function aroundOf(steps: ReadonlyMap<string, FlowStep>, id: string): string[] {
  const around: string[] = [];
  for (let at = steps.get(id)?.within; at !== undefined; at = steps.get(at)?.within) {
    if (around.includes(at) || !steps.has(at)) break;
    around.unshift(at);
  }
  return around;
}

/** Reads a definition as a graph. It need not be sound: checking is another's affair. */
export function graphOf(definition: FlowDefinition, kinds: StepKinds): Graph {
  const steps = new Map(definition.steps.map((step) => [step.id, step]));
  const consumers = new Map<string, string[]>();
  const nodes = [...steps.values()].map((step) => {
    const around = aroundOf(steps, step.id);
    const dependencies = dependenciesOf(step, around);
    for (const { from, way } of dependencies) {
      if (way !== 'open') consumers.set(from, [...(consumers.get(from) ?? []), step.id]);
    }
    return { step, kind: kinds.get(step.kind), dependencies, around };
  });
  return new Map(
    nodes.map((node) => [node.step.id, { ...node, consumers: consumers.get(node.step.id) ?? [] }]),
  );
}

function dependenciesOf(step: FlowStep, around: readonly string[]): Dependency[] {
  const found = new Map<string, Dependency>();
  const add = (from: string, way: string) => found.set(`${from}.${way}`, { from, way });
  for (const each of around) add(each, 'open');
  for (const value of Object.values(step.in)) {
    for (const reference of referencesOf(value)) {
      const [from] = splitReference(reference);
      if (from !== 'trigger' && !around.includes(from)) add(from, 'ok');
    }
  }
  for (const after of step.after) {
    const [from, way] = splitReference(after);
    if (from !== 'trigger' && !around.includes(from)) add(from, way === '' ? 'ok' : way);
  }
  return [...found.values()];
}

/** The body of a for-each: steps directly in it. */
export function bodyOf(graph: Graph, each: string | undefined): GraphStep[] {
  return [...graph.values()].filter((node) => node.around.at(-1) === each);
}

export function isForEach(node: GraphStep): boolean {
  return node.step.kind === forEachStep.kind;
}
