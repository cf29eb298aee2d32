import type { Wire } from '../editor/edits.ts';
import type { FlowGraph, GraphNode, PortType } from '../editor/graph.ts';
import { closesCircle, fits } from '../editor/graph.ts';

/**
 * Handles as React Flow names them: `out:film`, `branch:error` at the right, `in:file`, `after` at the left.
 */
export const handle = {
  output: (port: string) => `out:${port}`,
  input: (port: string) => `in:${port}`,
  branch: (branch: string) => `branch:${branch}`,
  after: 'after',
} as const;

export type HandleEnd =
  | { readonly kind: 'value'; readonly type: PortType | null; readonly name: string }
  | { readonly kind: 'order'; readonly name: string };

/** What a handle of a node carries. */
export function handleEnd(node: GraphNode | undefined, id: string | null | undefined): HandleEnd | undefined {
  if (!node || !id) return undefined;
  if (id === handle.after) return { kind: 'order', name: id };
  const at = id.indexOf(':');
  const name = id.slice(at + 1);
  if (id.startsWith('branch:')) return { kind: 'order', name };
  const ports = id.startsWith('out:') ? node.outputs : node.inputs;
  const port = ports.find((one) => one.name === name);
  return { kind: 'value', type: port?.type ?? null, name };
}

interface Ends {
  readonly source: string;
  readonly target: string;
  readonly sourceHandle?: string | null | undefined;
  readonly targetHandle?: string | null | undefined;
}

/** The wire between two handles, or undefined where none may be. */
export function wireBetween(graph: FlowGraph, ends: Ends): Wire | undefined {
  const from = graph.nodes.find((node) => node.id === ends.source);
  const to = graph.nodes.find((node) => node.id === ends.target);
  const start = handleEnd(from, ends.sourceHandle);
  const end = handleEnd(to, ends.targetHandle);
  if (!from || !to || !start || !end || closesCircle(graph.edges, from.id, to.id)) return undefined;
  if (start.kind === 'value' && end.kind === 'value')
    return fits(start.type, end.type)
      ? { kind: 'value', from: from.id, port: start.name, to: to.id, into: end.name }
      : undefined;
  if (start.kind === 'order' && end.kind === 'order')
    return { kind: 'after', from: from.id, branch: start.name, to: to.id };
  return undefined;
}

/** The handles that an edge of the graph ends at. */
export function handlesOf(wire: Wire): { readonly sourceHandle: string; readonly targetHandle: string } {
  return wire.kind === 'value'
    ? { sourceHandle: handle.output(wire.port), targetHandle: handle.input(wire.into) }
    : { sourceHandle: handle.branch(wire.branch), targetHandle: handle.after };
}
