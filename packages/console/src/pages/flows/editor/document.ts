import { problemOfYaml } from '@backlot/contract/flow/check/yaml-problems';
import type { Phrase } from '@backlot/contract/phrase';
import { type Document, isCollection, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';

/** Where something stands in the text; lines and columns count from one, `from` and `to` are offsets. */
export interface TextRange {
  readonly from: number;
  readonly to: number;
  readonly line: number;
}

export type FlowPath = readonly (string | number)[];

/** The text of a flow, read: what it says as plain data, or where it can't be read. */
export interface FlowText {
  readonly text: string;
  readonly value: unknown;
  /** Why the text is no YAML at all; then `value` is undefined. */
  readonly faults: readonly { readonly problem: Phrase; readonly range: TextRange }[];
  /** Where a path of the value stands; the nearest thing around it where the path itself is not there. */
  rangeOf(path: FlowPath): TextRange;
}

/** A flow's own text is small; an anchor that multiplies itself must not fill the page's memory. */
const options = { maxAliasCount: 50, uniqueKeys: true } as const;

/** Reads the text of a flow. Never throws: what is wrong with a text is something to show. */
export function readFlowText(text: string): FlowText {
  const lines = new LineCounter();
  const doc = parseDocument(text, { ...options, lineCounter: lines });
  const at = (from: number, to: number): TextRange => {
    const start = Math.min(Math.max(0, from), text.length);
    return { from: start, to: Math.min(Math.max(start, to), text.length), line: lines.linePos(start).line };
  };
  const faults = doc.errors.map((error) => ({
    // The first line says what is wrong; the others draw a picture of it, and the editor has a better one.
    problem: problemOfYaml({
      code: error.code,
      message: error.message.split('\n', 1)[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? error.message,
    }),
    range: at(error.pos[0], error.pos[1]),
  }));
  let value: unknown;
  if (faults.length === 0) {
    try {
      value = doc.toJS({ maxAliasCount: options.maxAliasCount }) as unknown;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      faults.push({ problem: problemOfYaml({ code: 'RESOURCE_EXHAUSTION', message }), range: at(0, 0) });
    }
  }
  return {
    text,
    value,
    faults,
    rangeOf(path) {
      for (let length = path.length; length > 0; length -= 1) {
        const found = rangeOfKey(doc, path.slice(0, length));
        if (found) return at(found[0], found[1]);
      }
      return at(0, 0);
    },
  };
}

/** The range of the key and its value, as the eye finds it: the key for a pair of a map, the whole item of a list. */
function rangeOfKey(doc: Document, path: FlowPath): readonly [number, number] | undefined {
  const parent: unknown = path.length === 1 ? doc.contents : doc.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => (isScalar(key) ? key.value : key) === last);
    const key = pair?.key;
    const value = pair?.value;
    if (isNode(key) && key.range) {
      const end = isScalar(value) && value.range ? value.range[1] : key.range[1];
      return [key.range[0], end];
    }
    return undefined;
  }
  const node: unknown = isCollection(parent) ? parent.get(last, true) : undefined;
  if (!isNode(node) || !node.range) return undefined;
  return [node.range[0], Math.min(node.range[1], node.range[0] + 200)];
}

/**
 * The text after a change of what it says. Comments, the order of keys and the blank lines between them stay;
 * long lines are never folded. A text that can't be read is given back as it is.
 */
export function editFlowText(text: string, change: (doc: Document) => void): string {
  const doc = parseDocument(text, options);
  if (doc.errors.length > 0) return text;
  change(doc);
  return doc.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** The index of a step in the list, or -1. */
export function stepIndex(doc: Document, id: string): number {
  const steps: unknown = doc.get('steps');
  if (!isCollection(steps)) return -1;
  return steps.items.findIndex((item) => isMap(item) && item.get('id') === id);
}

/** Sets one value, or takes it away where it is undefined; maps that are left empty go with it. */
export function setAt(doc: Document, path: FlowPath, value: unknown): void {
  if (value !== undefined) {
    doc.setIn(path, isNode(value) ? value : doc.createNode(value));
    return;
  }
  if (doc.hasIn(path)) doc.deleteIn(path);
  for (let length = path.length - 1; length > 1; length -= 1) {
    const parent: unknown = doc.getIn(path.slice(0, length));
    if (!isMap(parent) || parent.items.length > 0 || typeof path[length - 1] === 'number') return;
    doc.deleteIn(path.slice(0, length));
  }
}

/** A small map on one line: `{ x: 40, y: 80 }`. */
export function inline(doc: Document, value: Readonly<Record<string, unknown>> | readonly unknown[]) {
  const node = doc.createNode(value);
  if (isCollection(node)) node.flow = true;
  return node;
}
