import type { FlowDefinition } from '../definition.ts';
import { type Graph, graphOf } from '../engine/graph.ts';
import type { FlowIssue } from '../issue.ts';
import type { FlowKinds } from './catalogue.ts';
import { findCycle, inOrder } from './cycles.ts';
import { checkDeletion } from './deletion.ts';
import { type Guarantees, guaranteesOf } from './guarantees.ts';
import { flowIssue } from './issues.ts';
import { checkNames } from './names.ts';
import { checkParameters, checkTrigger } from './parameters.ts';
import { checkSecrets } from './secrets.ts';
import { checkWiring } from './wiring.ts';

/**
 * All that is wrong with a flow, with the place of each in its definition. Pure. A flow without an error can be saved and
 * run: every run of it ends, and it deletes nothing that is not verified.
 */
export function checkFlow(definition: FlowDefinition, kinds: FlowKinds): FlowIssue[] {
  const names = checkNames(definition);
  // Without sound names there is no graph to speak of.
  if (names.length > 0) return [...names, ...checkTrigger(definition, kinds)];
  const graph = graphOf(definition, kinds.steps);
  const issues = [...checkTrigger(definition, kinds), ...checkWiring(definition, graph, kinds)];
  const cycle = findCycle(graph);
  if (cycle) {
    const index = definition.steps.findIndex(({ id }) => id === cycle[0]);
    const step = cycle[0] as string;
    return [
      ...issues,
      flowIssue('flow.cycle', ['steps', index], { way: cycle.join(' → ') }, { step, way: cycle }),
    ];
  }
  const order = inOrder(graph);
  const guarantees = guaranteesOf(graph, order);
  return [
    ...issues,
    ...checkParameters(definition, graph, ancestorsOf(graph, order)),
    ...checkSecrets(definition),
    ...neverRun(definition, guarantees),
    ...checkDeletion(definition, graph, guarantees),
  ];
}

/** Steps that have ended, or will never run, before each begins. */
function ancestorsOf(graph: Graph, order: readonly string[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const id of order) {
    const all = new Set<string>();
    for (const { from, way } of graph.get(id)?.dependencies ?? []) {
      if (way !== 'open') all.add(from);
      for (const one of found.get(from) ?? []) all.add(one);
    }
    found.set(id, all);
  }
  return found;
}

/** Steps that wait for two ends of one step of which only one can come. */
function neverRun(definition: FlowDefinition, guarantees: ReadonlyMap<string, Guarantees>): FlowIssue[] {
  return definition.steps.flatMap(({ id }, index) => {
    const ends = Map.groupBy(
      [...(guarantees.get(id)?.ways ?? [])].filter((way) => !way.endsWith('.ok')),
      (way) => way.slice(0, way.indexOf('.')),
    );
    for (const [from, ways] of ends) {
      const all =
        guarantees.get(id)?.ways.has(`${from}.ok`) && ways[0]?.endsWith('.error')
          ? [...ways, `${from}.ok`]
          : ways;
      const [one, other] = all;
      if (one === undefined || other === undefined) continue;
      return [flowIssue('flow.never', ['steps', index], { step: id, one, other }, { step: id })];
    }
    return [];
  });
}
