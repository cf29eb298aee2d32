import {
  type Dependency,
  type Graph,
  type GraphStep,
  isForEach,
  referencesOf,
  splitReference,
} from '../engine/graph.ts';
import { joinOf } from '../engine/readiness.ts';

/**
 * What is sure to have happened before a step begins, in every run in which it does.
 *
 * ways      `upload.ok`, `check.true`: how earlier steps have ended
 * verified  references of which a verified copy is safe
 */
export interface Guarantees {
  readonly ways: ReadonlySet<string>;
  readonly verified: ReadonlySet<string>;
}

const nothing: Guarantees = { ways: new Set(), verified: new Set() };

/** Works it out for all steps. @param order steps, each after what it waits for */
export function guaranteesOf(graph: Graph, order: readonly string[]): Map<string, Guarantees> {
  const found = new Map<string, Guarantees>();
  for (const id of order) {
    const node = graph.get(id);
    if (!node) continue;
    const parts = node.dependencies
      .filter(({ way }) => way !== 'open')
      .map((dependency) => afterOf(graph, found, dependency));
    const around = node.around.map((each) => found.get(each) ?? nothing);
    const own = joinOf(node) === 'all' ? union(parts) : parts.length === 0 ? nothing : intersection(parts);
    found.set(id, union([own, ...around]));
  }
  return found;
}

/** What is sure once a step has ended the way that somebody waits for. */
export function afterOf(
  graph: Graph,
  found: ReadonlyMap<string, Guarantees>,
  { from, way }: Dependency,
): Guarantees {
  const node = graph.get(from);
  const before = found.get(from) ?? nothing;
  if (!node) return nothing;
  if (way === 'error') return union([before, { ways: new Set([`${from}.error`]), verified: new Set() }]);
  // "As if it had succeeded": then nothing is sure but what was before.
  if (node.step.onError === 'continue' && way === 'ok') return before;
  return union([
    before,
    {
      ways: new Set([`${from}.ok`, `${from}.${way}`]),
      verified: new Set([
        ...verifiedBy(graph, node),
        ...(isForEach(node) ? verifiedInside(graph, node, before) : []),
      ]),
    },
  ]);
}

/** References of which a verify step, when it has succeeded, knows a safe copy: its input's, and all that those carry. */
function verifiedBy(graph: Graph, { step, kind }: GraphStep): string[] {
  const port = kind?.verifies;
  const value = port === undefined ? undefined : step.in[port];
  return value === undefined ? [] : referencesOf(value).flatMap((reference) => carried(graph, reference));
}

/** A reference, and what is inside of it: a film carries its segments. */
function carried(graph: Graph, reference: string): string[] {
  const found = new Set([reference]);
  // A set gives what is added while it is gone through: each reference is followed once, however many ways lead to it.
  for (const one of found) {
    const [id, port] = splitReference(one);
    const node = graph.get(id);
    const input = node?.kind?.carries?.[port];
    const value = input === undefined ? undefined : node?.step.in[input];
    for (const inside of value === undefined ? [] : referencesOf(value)) found.add(inside);
  }
  return [...found];
}

/** A for-each that has succeeded has verified its files when a step in its body, one that can't be skipped, verifies each. */
function verifiedInside(graph: Graph, each: GraphStep, before: Guarantees): string[] {
  const files = each.step.in.files;
  if (files === undefined) return [];
  const body = [...graph.values()].filter(({ around }) => around.at(-1) === each.step.id);
  const sure = body.some(
    (node) =>
      isSure(graph, node, each.step.id, before) && verifiedBy(graph, node).includes(`${each.step.id}.file`),
  );
  return sure ? referencesOf(files).flatMap((reference) => carried(graph, reference)) : [];
}

/**
 * Whether a step of a body has succeeded in every round that did not fail.
 * @param outside what is sure before the for-each begins. It does not wait for what only its body waits for: when that ends
 *   another way, the steps of the body are skipped, and the for-each has succeeded all the same.
 */
function isSure(graph: Graph, node: GraphStep, each: string, outside: Guarantees): boolean {
  if (joinOf(node) !== 'all' || mayBeGotOver(graph, node)) return false;
  return node.dependencies.every(({ from, way }) => {
    if (way === 'open') return true;
    const before = graph.get(from);
    if (!before?.around.includes(each)) return outside.ways.has(`${from}.${way}`);
    return way === 'ok' && isSure(graph, before, each, outside);
  });
}

/** Whether a failure of the step need not fail what is around it. */
function mayBeGotOver(graph: Graph, { step }: GraphStep): boolean {
  if (step.onError === 'continue') return true;
  const consumers = [...graph.values()].flatMap((node) =>
    node.dependencies.filter(({ from }) => from === step.id).map(({ way }) => ({ way, node })),
  );
  const building = consumers.filter(({ way }) => way !== 'error' && way !== 'open');
  return (
    consumers.some(({ way }) => way === 'error') ||
    (building.length > 0 && building.every(({ node }) => joinOf(node) !== 'all'))
  );
}

function union(parts: readonly Guarantees[]): Guarantees {
  return {
    ways: new Set(parts.flatMap(({ ways }) => [...ways])),
    verified: new Set(parts.flatMap(({ verified }) => [...verified])),
  };
}

function intersection([first, ...rest]: readonly Guarantees[]): Guarantees {
  if (!first) return nothing;
  const both = (pick: (one: Guarantees) => ReadonlySet<string>) =>
    new Set([...pick(first)].filter((one) => rest.every((other) => pick(other).has(one))));
  return { ways: both(({ ways }) => ways), verified: both(({ verified }) => verified) };
}
