import type { FlowDefinition } from '../definition.ts';
import { type Graph, type GraphStep, referencesOf } from '../engine/graph.ts';
import type { FlowIssue } from '../issue.ts';
import { afterOf, type Guarantees } from './guarantees.ts';
import { flowIssue } from './issues.ts';

/** Nothing is deleted before its copy is verified: on every way to a delete, the same files have been verified. */
export function checkDeletion(
  definition: FlowDefinition,
  graph: Graph,
  guarantees: ReadonlyMap<string, Guarantees>,
): FlowIssue[] {
  return definition.steps.flatMap((step, index) => {
    const node = graph.get(step.id);
    const port = node?.kind?.deletes;
    const value = port === undefined ? undefined : step.in[port];
    if (!node || port === undefined || value === undefined) return [];
    const verified = guarantees.get(step.id)?.verified ?? new Set();
    return referencesOf(value).flatMap((reference) => {
      const same = sameAs(graph, reference);
      if (same.some((one) => verified.has(one))) return [];
      const way = ['trigger', ...wayWithout(graph, guarantees, node, same), step.id];
      return [
        flowIssue(
          'flow.delete_unverified',
          ['steps', index, 'in', port],
          { step: step.id, reference, way: way.join(' → ') },
          { step: step.id, way },
        ),
      ];
    });
  });
}

/** The reference, and, for the item of a for-each, the files that it goes through. */
function sameAs(graph: Graph, reference: string): string[] {
  const [id = '', port] = reference.split('.');
  const files = port === 'file' ? graph.get(id)?.step.in.files : undefined;
  const [only, ...more] = files === undefined ? [] : referencesOf(files);
  return only === undefined || more.length > 0 ? [reference] : [reference, only];
}

/** A way from the trigger to a step on which none of these is verified: steps in order, without the last. */
function wayWithout(
  graph: Graph,
  guarantees: ReadonlyMap<string, Guarantees>,
  node: GraphStep,
  references: readonly string[],
): string[] {
  const way: string[] = [];
  const seen = new Set([node.step.id]);
  for (let at: GraphStep | undefined = node; at; ) {
    const ways = at.dependencies.filter(({ from }) => !seen.has(from));
    // Where ways meet in a gather, the one that comes without the verify; elsewhere any way shows it.
    const bare = ways.filter(
      (dependency) => !references.some((one) => afterOf(graph, guarantees, dependency).verified.has(one)),
    );
    const next = (bare[0] ?? ways[0])?.from;
    if (next === undefined) return way;
    seen.add(next);
    way.unshift(next);
    at = graph.get(next);
  }
  return way;
}
