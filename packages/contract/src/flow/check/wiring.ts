import type { FlowDefinition, FlowStep } from '../definition.ts';
import { type Graph, type GraphStep, isForEach, referencesOf, splitReference } from '../engine/graph.ts';
import type { FlowIssue } from '../issue.ts';
import { ForEachParameters, forEachDepth } from '../kinds/for-each.ts';
import { gatherStep } from '../kinds/gather.ts';
import type { PortType } from '../value.ts';
import { type FlowKinds, outputType, waysOf } from './catalogue.ts';
import { flowIssue } from './issues.ts';

type Path = readonly (string | number)[];

/** Every wire leads from something that is there to something that takes it. */
export function checkWiring(definition: FlowDefinition, graph: Graph, kinds: FlowKinds): FlowIssue[] {
  return definition.steps.flatMap((step, index) => {
    const node = graph.get(step.id);
    if (!node) return [];
    return [
      ...inputs(definition, graph, kinds, node, ['steps', index]),
      ...afters(graph, node, ['steps', index]),
      ...(isForEach(node) ? forEach(graph, node, ['steps', index]) : []),
    ].map((issue) => ({ ...issue, step: step.id }));
  });
}

function inputs(
  definition: FlowDefinition,
  graph: Graph,
  kinds: FlowKinds,
  node: GraphStep,
  at: Path,
): FlowIssue[] {
  const { step, kind } = node;
  const issues: FlowIssue[] = [];
  for (const [port, value] of Object.entries(step.in)) {
    const path = [...at, 'in', port];
    const wanted = kind && Object.hasOwn(kind.inputs, port) ? kind.inputs[port] : undefined;
    if (kind && !wanted) issues.push(flowIssue('flow.input_unknown', path, { kind: kind.kind, port }));
    const references = referencesOf(value);
    if (wanted?.type === 'file' && references.length > 1)
      issues.push(flowIssue('flow.input_many', path, { port }));
    for (const [n, reference] of references.entries()) {
      const here = typeof value === 'string' ? path : [...path, n];
      const found = typeAt(definition, graph, kinds, node, reference);
      if (typeof found === 'object') issues.push({ ...found, path: [...here] });
      else if (found && wanted && !fits(found, wanted.type, step)) {
        issues.push(
          flowIssue('flow.input_type', here, { port, reference, wanted: wanted.type, given: found }),
        );
      }
    }
  }
  for (const [port, { required = true }] of Object.entries(kind?.inputs ?? {})) {
    if (required && !Object.hasOwn(step.in, port))
      issues.push(flowIssue('flow.input_missing', [...at, 'in'], { port }));
  }
  return issues;
}

/** A file is a set of one. A gather takes everything as data. */
function fits(given: PortType, wanted: PortType, step: FlowStep): boolean {
  return (
    given === wanted ||
    (wanted === 'files' && given === 'file') ||
    (wanted === 'data' && step.kind === gatherStep.kind)
  );
}

/** Type of what a reference names; an issue when it names nothing; undefined when its kind isn't known. */
function typeAt(
  definition: FlowDefinition,
  graph: Graph,
  kinds: FlowKinds,
  node: GraphStep,
  reference: string,
): PortType | FlowIssue | undefined {
  const [id, port] = splitReference(reference);
  if (id === 'trigger') {
    const outputs = kinds.triggers.get(definition.trigger.kind)?.outputs;
    if (!outputs) return undefined;
    return (
      (Object.hasOwn(outputs, port) ? outputs[port]?.type : undefined) ??
      flowIssue('flow.reference_port', [], { step: 'trigger', port })
    );
  }
  const from = graph.get(id);
  const hidden = from ? hiddenFrom(from, node) : undefined;
  if (!from) return flowIssue('flow.reference_step', [], { step: id });
  if (hidden !== undefined) return flowIssue('flow.reference_inside', [], { step: id, each: hidden });
  if (!from.kind) return undefined;
  return (
    outputType(from, port, node.around.includes(id)) ??
    flowIssue('flow.reference_port', [], { step: id, port })
  );
}

/** The for-each that hides a step from another; undefined when it can be seen. */
function hiddenFrom(from: GraphStep, node: GraphStep): string | undefined {
  return from.around.find((each, depth) => node.around[depth] !== each);
}

function afters(graph: Graph, node: GraphStep, at: Path): FlowIssue[] {
  return node.step.after.flatMap((after, n) => {
    const [id, branch] = splitReference(after);
    const path = [...at, 'after', n];
    if (id === 'trigger') return [];
    const from = graph.get(id);
    if (!from) return [flowIssue('flow.reference_step', path, { step: id })];
    const hidden = hiddenFrom(from, node);
    if (hidden !== undefined) return [flowIssue('flow.reference_inside', path, { step: id, each: hidden })];
    if (!from.kind || branch === '' || waysOf(from.kind).includes(branch)) return [];
    return [
      flowIssue('flow.reference_branch', path, { step: id, branch, known: waysOf(from.kind).join(', ') }),
    ];
  });
}

function forEach(graph: Graph, node: GraphStep, at: Path): FlowIssue[] {
  const { step } = node;
  const issues: FlowIssue[] = [];
  if (node.around.length >= forEachDepth) {
    const params = { step: step.id, limit: forEachDepth };
    issues.push(flowIssue('flow.for_each_deep', [...at, 'within'], params));
  }
  if (![...graph.values()].some(({ around }) => around.at(-1) === step.id)) {
    issues.push(flowIssue('flow.for_each_empty', [...at, 'id'], { step: step.id }, { severity: 'warning' }));
  }
  if (!Object.hasOwn(step.in, 'files') && !Object.hasOwn(step.in, 'data')) {
    issues.push(flowIssue('flow.for_each_source', [...at, 'in'], { step: step.id }));
  }
  const collect = ForEachParameters.safeParse(step.with).data?.collect;
  if (collect === undefined) return issues;
  const [id, port] = splitReference(collect);
  const from = graph.get(id);
  if (from?.around.at(-1) !== step.id || (from.kind && !outputType(from, port, false))) {
    issues.push(flowIssue('flow.collect', [...at, 'with', 'collect'], { step: step.id }));
  }
  return issues;
}
