import { FOR_EACH, type Position, TRIGGER, type Wire } from './edits.ts';

export type PortType = 'file' | 'files' | 'data';

/** What the picture has to know of a kind of step or trigger; the catalogue's entries say more. */
export interface KindPorts {
  readonly kind: string;
  readonly inputs?: Readonly<
    Record<string, { readonly type: PortType; readonly required?: boolean | undefined }>
  >;
  readonly outputs: Readonly<Record<string, { readonly type: PortType }>>;
  readonly branches?: readonly string[] | undefined;
}

export interface Port {
  readonly name: string;
  /** Null for a port that the kind does not have, but that a wire names. */
  readonly type: PortType | null;
  readonly required: boolean;
}

export interface GraphNode {
  readonly id: string;
  readonly kind: string;
  /** What people call this step; its kind's title stands in for it. */
  readonly name: string | undefined;
  readonly isTrigger: boolean;
  /** The for-each in whose body it stands. */
  readonly within: string | undefined;
  /** Whether the catalogue has its kind. */
  readonly known: boolean;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** `ok` or those of its kind, and `error`. */
  readonly branches: readonly string[];
  readonly at: Position | undefined;
  readonly width: number;
  readonly height: number;
}

export interface GraphEdge {
  readonly id: string;
  readonly wire: Wire;
  readonly type: PortType | 'order';
  /** It names something that is not there, or a value that does not fit. */
  readonly broken: boolean;
}

export interface FlowGraph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** Sizes of a node in pixels, the same as in step-node.module.css: the layout is made before anything is drawn. */
export const nodeSize = { width: 216, head: 46, row: 24, foot: 8 } as const;

type Bag = Readonly<Record<string, unknown>>;
const bagOf = (value: unknown): Bag =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const textsOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === 'string');

/** Whether a value of one type may go into a port of another: one file may stand for several. */
export function fits(from: PortType | null, into: PortType | null): boolean {
  return from !== null && into !== null && (from === into || (from === 'file' && into === 'files'));
}

/**
 * The picture of a flow, from whatever its text says so far: half-written flows have a picture, too. Steps without
 * an id can't be drawn; the check names them.
 */
export function graphOf(
  value: unknown,
  stepKinds: ReadonlyMap<string, KindPorts>,
  triggerKinds: ReadonlyMap<string, KindPorts>,
): FlowGraph {
  const flow = bagOf(value);
  const trigger = bagOf(flow.trigger);
  const steps = (Array.isArray(flow.steps) ? flow.steps : []).map(bagOf);
  const wires = steps.flatMap(wiresOf);
  const nodes = new Map<string, GraphNode>();
  const add = (id: string, source: Bag, kinds: ReadonlyMap<string, KindPorts>, isTrigger: boolean) => {
    const kind = textOf(source.kind) ?? '';
    if (nodes.has(id)) return;
    nodes.set(id, nodeOf(id, kind, source, kinds.get(kind), isTrigger, wires));
  };
  add(TRIGGER, trigger, triggerKinds, true);
  for (const step of steps) {
    const id = textOf(step.id);
    if (id !== undefined && id !== '') add(id, step, stepKinds, false);
  }
  const edges = new Map<string, GraphEdge>();
  for (const wire of wires) {
    const edge = edgeOf(wire, nodes);
    if (edge) edges.set(edge.id, edge);
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

/** The wires that end at a step. */
function wiresOf(step: Bag): Wire[] {
  const to = textOf(step.id);
  if (to === undefined) return [];
  const values = Object.entries(bagOf(step.in)).flatMap(([into, references]) =>
    textsOf(references).flatMap((reference): Wire[] => {
      const [from, ...port] = reference.split('.');
      return from && port.length > 0 ? [{ kind: 'value', from, port: port.join('.'), to, into }] : [];
    }),
  );
  const orders = textsOf(step.after).map((reference): Wire => {
    const [from = '', branch = 'ok'] = reference.split('.');
    return { kind: 'after', from, branch, to };
  });
  return [...values, ...orders];
}

/** What a for-each gives to the steps of its body. */
const body: KindPorts['outputs'] = {
  file: { type: 'file' },
  item: { type: 'data' },
  index: { type: 'data' },
};

function nodeOf(
  id: string,
  kind: string,
  source: Bag,
  ports: KindPorts | undefined,
  isTrigger: boolean,
  wires: readonly Wire[],
): GraphNode {
  const inputs = listPorts(
    ports?.inputs ?? {},
    wires.flatMap((wire) => (wire.kind === 'value' && wire.to === id ? [wire.into] : [])),
  );
  const outputs = listPorts(
    { ...(kind === FOR_EACH ? body : {}), ...ports?.outputs },
    wires.flatMap((wire) => (wire.kind === 'value' && wire.from === id ? [wire.port] : [])),
  );
  const used = wires.flatMap((wire) => (wire.kind === 'after' && wire.from === id ? [wire.branch] : []));
  const branches = isTrigger
    ? []
    : [
        ...new Set([
          ...(ports?.branches ?? ['ok']).filter((branch) => branch !== 'error'),
          ...used.filter((branch) => branch !== 'error'),
          'error',
        ]),
      ];
  const rows = Math.max(inputs.length, outputs.length) + branches.filter((branch) => branch !== 'ok').length;
  const layout = bagOf(source.layout);
  const { x, y } = layout;
  return {
    id,
    kind,
    name: textOf(source.name),
    isTrigger,
    within: textOf(source.within),
    known: ports !== undefined,
    inputs,
    outputs,
    branches,
    at: typeof x === 'number' && typeof y === 'number' ? { x, y } : undefined,
    width: nodeSize.width,
    height: nodeSize.head + rows * nodeSize.row + (rows > 0 ? nodeSize.foot : 0),
  };
}

function listPorts(declared: NonNullable<KindPorts['inputs']>, named: readonly string[]): Port[] {
  const ports = Object.entries(declared).map(([name, port]) => ({
    name,
    type: port.type,
    required: port.required !== false,
  }));
  const strange = [...new Set(named)].filter((name) => !Object.hasOwn(declared, name));
  return [...ports, ...strange.map((name) => ({ name, type: null, required: false }))];
}

/** The wire as it is drawn, or undefined when one of its ends is nowhere. */
function edgeOf(wire: Wire, nodes: ReadonlyMap<string, GraphNode>): GraphEdge | undefined {
  const from = nodes.get(wire.from);
  const to = nodes.get(wire.to);
  if (!from || !to) return undefined;
  if (wire.kind === 'after') {
    const id = `after ${wire.from} ${wire.branch} ${wire.to}`;
    return { id, wire, type: 'order', broken: from.isTrigger };
  }
  const source = from.outputs.find((port) => port.name === wire.port)?.type ?? null;
  const target = to.inputs.find((port) => port.name === wire.into)?.type ?? null;
  return {
    id: `value ${wire.from} ${wire.port} ${wire.to} ${wire.into}`,
    wire,
    type: source ?? 'data',
    broken: !fits(source, target),
  };
}

/** Whether a wire would make a step wait for itself. */
export function closesCircle(edges: readonly GraphEdge[], from: string, to: string): boolean {
  const next = new Map<string, string[]>();
  for (const { wire } of edges) next.set(wire.from, [...(next.get(wire.from) ?? []), wire.to]);
  const seen = new Set<string>();
  const open = [to];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (id === from) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(next.get(id) ?? []));
  }
  return false;
}

/** Outputs of other nodes that may go into a port, for choosing without a mouse: nearest kinds of value first. */
export function sourcesFor(
  graph: FlowGraph,
  to: string,
  type: PortType | null,
): { readonly from: string; readonly port: string }[] {
  return graph.nodes
    .filter((node) => node.id !== to && !closesCircle(graph.edges, node.id, to))
    .flatMap((node) =>
      node.outputs
        .filter((port) => fits(port.type, type))
        .map((port) => ({ from: node.id, port: port.name })),
    );
}

/** Wires for a new step behind another: each needed input takes the first output that fits; else it just comes after. */
export function wiresBehind(graph: FlowGraph, after: string, to: string, ports: KindPorts): Wire[] {
  const before = graph.nodes.find((node) => node.id === after);
  if (!before) return [];
  const wires = Object.entries(ports.inputs ?? {}).flatMap(([into, { type, required }]): Wire[] => {
    const port = required !== false ? before.outputs.find((output) => fits(output.type, type)) : undefined;
    return port ? [{ kind: 'value', from: after, port: port.name, to, into }] : [];
  });
  if (wires.length > 0 || before.isTrigger) return wires;
  const [branch = 'ok'] = before.branches;
  return [{ kind: 'after', from: after, branch, to }];
}
