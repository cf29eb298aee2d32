import type { Graph } from '../engine/graph.ts';

/**
 * One circle of steps that wait for each other, in order; undefined when there is none. A for-each waits for its body, as
 * far as others build on it.
 */
export function findCycle(graph: Graph): string[] | undefined {
  const state = new Map<string, 'open' | 'done'>();
  for (const start of graph.keys()) {
    if (state.has(start)) continue;
    const way: { readonly id: string; readonly rest: string[] }[] = [
      { id: start, rest: needsOf(graph, start) },
    ];
    state.set(start, 'open');
    while (way.length > 0) {
      const top = way[way.length - 1] as (typeof way)[number];
      const next = top.rest.pop();
      if (next === undefined) {
        state.set(top.id, 'done');
        way.pop();
      } else if (state.get(next) === 'open') {
        const ids = way.map(({ id }) => id);
        return [...ids.slice(ids.indexOf(next)), next].reverse();
      } else if (!state.has(next)) {
        state.set(next, 'open');
        way.push({ id: next, rest: needsOf(graph, next) });
      }
    }
  }
  return undefined;
}

function needsOf(graph: Graph, id: string): string[] {
  const node = graph.get(id);
  const needs = (node?.dependencies ?? []).flatMap(({ from, way }) =>
    graph.has(from) && way !== 'open' ? [from] : [],
  );
  const around = node?.around ?? [];
  // What a for-each waits for, all in its body wait for.
  const opened = around.flatMap((each) =>
    (graph.get(each)?.dependencies ?? []).flatMap(({ from, way }) =>
      graph.has(from) && way !== 'open' ? [from] : [],
    ),
  );
  // Whoever builds on a for-each waits for all in its body.
  const bodies = needs.flatMap((need) =>
    [...graph.values()].flatMap(({ step, around: outer }) =>
      outer.includes(need) && !around.includes(need) ? [step.id] : [],
    ),
  );
  return [...new Set([...needs, ...opened, ...bodies])];
}

/** Steps in an order in which each comes after all that it waits for; the graph has no cycle. */
export function inOrder(graph: Graph): string[] {
  const order: string[] = [];
  const seen = new Set<string>();
  const visit = (id: string) => {
    const stack: { readonly id: string; readonly rest: string[] }[] = [{ id, rest: needsOf(graph, id) }];
    seen.add(id);
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as (typeof stack)[number];
      const next = top.rest.pop();
      if (next === undefined) {
        order.push(top.id);
        stack.pop();
      } else if (!seen.has(next)) {
        seen.add(next);
        stack.push({ id: next, rest: needsOf(graph, next) });
      }
    }
  };
  for (const id of graph.keys()) if (!seen.has(id)) visit(id);
  return order;
}
