import { type Document, isMap, isScalar, isSeq } from 'yaml';
import { editFlowText, type FlowPath, inline, setAt, stepIndex } from './document.ts';

/** The id under which wires name the trigger; no step may have it. */
export const TRIGGER = 'trigger';

/** The kind whose steps run once for each item, and what only those see of it. */
export const FOR_EACH = 'flow.for-each';
export const bodyOutputs: readonly string[] = ['file', 'item', 'index'];

export interface Position {
  readonly x: number;
  readonly y: number;
}

/** A wire of the graph: a value into a port, or an order in time, after one branch of another step. */
export type Wire =
  | {
      readonly kind: 'value';
      readonly from: string;
      readonly port: string;
      readonly to: string;
      readonly into: string;
    }
  | { readonly kind: 'after'; readonly from: string; readonly branch: string; readonly to: string };

/** As the file writes the beginning of a wire: `encode.film`, `upload.error`, `upload`. */
export function referenceOf(wire: Wire): string {
  if (wire.kind === 'value') return `${wire.from}.${wire.port}`;
  return wire.branch === 'ok' ? wire.from : `${wire.from}.${wire.branch}`;
}

/** A free id for a new step of a kind: `upload`, `upload-2`. */
export function freeStepId(kind: string, taken: ReadonlySet<string>): string {
  const base =
    kind
      .split('.')
      .at(-1)
      ?.replace(/[^a-z0-9-]/g, '-') || 'step';
  if (base !== TRIGGER && !taken.has(base)) return base;
  for (let n = 2; ; n += 1) if (!taken.has(`${base}-${n}`)) return `${base}-${n}`;
}

/** Puts a step to the end of the list; its place on the picture goes with it. */
export function addStep(
  text: string,
  step: { readonly id: string; readonly kind: string; readonly with?: object },
  at?: Position,
): string {
  return editFlowText(text, (doc) => {
    const node = doc.createNode({ ...step, ...(at ? { layout: rounded(at) } : {}) });
    const layout: unknown = node.get('layout', true);
    if (isMap(layout)) layout.flow = true;
    if (isSeq(doc.get('steps'))) doc.addIn(['steps'], node);
    else doc.set('steps', doc.createNode([node]));
    const steps = doc.get('steps');
    // An empty list is written as `[]`; what is in it now deserves lines of its own.
    if (isSeq(steps)) steps.flow = false;
  });
}

/** Takes steps out, and every wire that began at one of them. */
export function removeSteps(text: string, ids: ReadonlySet<string>): string {
  return editFlowText(text, (doc) => {
    for (const id of ids) {
      const index = stepIndex(doc, id);
      if (index >= 0) doc.deleteIn(['steps', index]);
    }
    forEachReference(doc, (reference) => (ids.has(reference.split('.', 1)[0] ?? '') ? null : reference));
    forEachBody(doc, (within) => (ids.has(within) ? undefined : within));
  });
}

/** Where things stand on the picture. */
export function moveNodes(text: string, positions: Readonly<Record<string, Position>>): string {
  return editFlowText(text, (doc) => {
    for (const [id, at] of Object.entries(positions)) {
      const path = pathOf(doc, id);
      if (path) setAt(doc, [...path, 'layout'], inline(doc, rounded(at)));
    }
  });
}

/** Draws a wire. A port for one value lets go of what it had; a port for many takes one more. */
export function connect(text: string, wire: Wire, many: boolean): string {
  return editFlowText(text, (doc) => {
    const index = stepIndex(doc, wire.to);
    if (index < 0) return;
    const reference = referenceOf(wire);
    const path =
      wire.kind === 'value'
        ? (['steps', index, 'in', wire.into] as const)
        : (['steps', index, 'after'] as const);
    const before = referencesAt(doc, path);
    if (before.includes(reference)) return;
    if (wire.kind === 'value' && bodyOutputs.includes(wire.port) && isForEach(doc, wire.from)) {
      // What runs for each item has to say so.
      setAt(doc, ['steps', index, 'within'], wire.from);
    }
    const next = wire.kind === 'after' || many ? [...before, reference] : [reference];
    writeReferences(doc, path, next, wire.kind === 'after');
  });
}

/** Takes a wire away. */
export function disconnect(text: string, wire: Wire): string {
  return editFlowText(text, (doc) => {
    const index = stepIndex(doc, wire.to);
    if (index < 0) return;
    const reference = referenceOf(wire);
    const path: FlowPath =
      wire.kind === 'value' ? ['steps', index, 'in', wire.into] : ['steps', index, 'after'];
    const same = (other: string) =>
      other === reference || (wire.kind === 'after' && wire.branch === 'ok' && other === `${wire.from}.ok`);
    writeReferences(
      doc,
      path,
      referencesAt(doc, path).filter((other) => !same(other)),
      wire.kind === 'after',
    );
  });
}

/** Sets one thing of a step or of the trigger (`with.path`, `timeLimit`), or takes it away. */
export function setOf(text: string, id: string, field: FlowPath, value: unknown): string {
  return editFlowText(text, (doc) => {
    const path = pathOf(doc, id);
    if (path) setAt(doc, [...path, ...field], value);
  });
}

/** Sets a thing of the flow as a whole: its name, its trigger's kind. */
export function setFlow(text: string, field: FlowPath, value: unknown): string {
  return editFlowText(text, (doc) => setAt(doc, field, value));
}

/** Gives a step another id; the wires follow. */
export function renameStep(text: string, from: string, to: string): string {
  return editFlowText(text, (doc) => {
    const index = stepIndex(doc, from);
    if (index < 0 || stepIndex(doc, to) >= 0) return;
    doc.setIn(['steps', index, 'id'], to);
    forEachReference(doc, (reference) => {
      const [head, ...rest] = reference.split('.');
      return head === from ? [to, ...rest].join('.') : reference;
    });
    forEachBody(doc, (within) => (within === from ? to : within));
  });
}

const isForEach = (doc: Document, id: string) =>
  doc.getIn(['steps', stepIndex(doc, id), 'kind']) === FOR_EACH;

/** Runs over all steps that stand in a for-each, and writes which one it is. */
function forEachBody(doc: Document, change: (within: string) => string | undefined): void {
  const steps = doc.get('steps');
  if (!isSeq(steps)) return;
  for (const [index, step] of steps.items.entries()) {
    const within = isMap(step) ? step.get('within') : undefined;
    if (typeof within !== 'string') continue;
    const next = change(within);
    if (next !== within) setAt(doc, ['steps', index, 'within'], next);
  }
}

function pathOf(doc: Document, id: string): FlowPath | undefined {
  if (id === TRIGGER) return ['trigger'];
  const index = stepIndex(doc, id);
  return index < 0 ? undefined : ['steps', index];
}

const rounded = (at: Position) => ({ x: Math.round(at.x), y: Math.round(at.y) });

function referencesAt(doc: Document, path: FlowPath): string[] {
  const node: unknown = doc.getIn(path, true);
  if (isScalar(node)) return typeof node.value === 'string' ? [node.value] : [];
  if (!isSeq(node)) return [];
  return node.items.flatMap((item) => (isScalar(item) && typeof item.value === 'string' ? [item.value] : []));
}

/** One reference is written as itself, several as a list; `after` is always a list. */
function writeReferences(doc: Document, path: FlowPath, references: readonly string[], list: boolean): void {
  const [only] = references;
  if (only === undefined) setAt(doc, path, undefined);
  else setAt(doc, path, references.length === 1 && !list ? only : inline(doc, references));
}

/** Runs over everything that names another step, and writes anew what `change` gives; null takes it away. */
function forEachReference(doc: Document, change: (reference: string) => string | null): void {
  const steps = doc.get('steps');
  if (!isSeq(steps)) return;
  for (const [index, step] of steps.items.entries()) {
    if (!isMap(step)) continue;
    const inputs = step.get('in');
    const ports = isMap(inputs) ? inputs.items.map(({ key }) => String(isScalar(key) ? key.value : key)) : [];
    const paths: FlowPath[] = [
      ['steps', index, 'after'],
      ...ports.map((port) => ['steps', index, 'in', port]),
    ];
    for (const path of paths) {
      const before = referencesAt(doc, path);
      const after = before.flatMap((reference) => change(reference) ?? []);
      if (after.join('\n') !== before.join('\n')) writeReferences(doc, path, after, path.at(-1) === 'after');
    }
  }
}
