import type { StepInput } from '../step-kind.ts';
import { type StepRecord, stepKey } from '../step-record.ts';
import { fillParameters, shownPort, shownPorts } from '../template.ts';
import type { FileValue, PortType, PortValue, PortValues } from '../value.ts';
import { type GraphStep, referencesOf, splitReference } from './graph.ts';
import type { Items, RunContext } from './run-context.ts';

/** One time that a step runs: the step, and where in the for-eaches around it. */
export interface Instance {
  readonly node: GraphStep;
  readonly at: readonly number[];
}

/** The record of another step as an instance sees it: of the same round of the for-eaches that are around both. */
export function recordFor(context: RunContext, from: string, { at }: Instance): StepRecord | undefined {
  const depth = context.graph.get(from)?.around.length ?? 0;
  return context.records.get(stepKey(from, at.slice(0, depth)));
}

/** What is at a reference; undefined when the step that should give it did not. */
export function valueAt(context: RunContext, reference: string, instance: Instance): PortValue | undefined {
  const [from, port] = splitReference(reference);
  if (from === 'trigger') return own(context.input.trigger.ports, port);
  const depth = instance.node.around.indexOf(from);
  if (depth >= 0) return itemPort(context, instance, depth, port);
  const record = recordFor(context, from, instance);
  return record?.state === 'succeeded' ? own(record.ports, port) : undefined;
}

function own(ports: PortValues, port: string): PortValue | undefined {
  return Object.hasOwn(ports, port) ? ports[port] : undefined;
}

function itemPort(
  context: RunContext,
  { node, at }: Instance,
  depth: number,
  port: string,
): PortValue | undefined {
  const each = context.graph.get(node.around[depth] as string);
  if (!each) return undefined;
  const index = at[depth] ?? 0;
  if (port === 'index') return { type: 'data', data: index };
  return itemAt(itemsOf(context, { node: each, at: at.slice(0, depth) }), index)[
    port === 'file' ? 'file' : 'item'
  ];
}

/** What a for-each goes through, in order: files, or else the elements of a list. */
export function itemsOf(context: RunContext, each: Instance): Items {
  const key = stepKey(each.node.step.id, each.at);
  const known = context.items.get(key);
  if (known) return known;
  const { files, data } = inputsOf(context, each);
  const items: Items =
    files?.type === 'files' && files.files.length > 0
      ? { files: files.files }
      : { list: data?.type === 'data' && Array.isArray(data.data) ? data.data : [] };
  context.items.set(key, items);
  return items;
}

export function itemCount(items: Items): number {
  return 'files' in items ? items.files.length : items.list.length;
}

/** What the body of a for-each sees at one place. */
export function itemAt(
  items: Items,
  index: number,
): { readonly file?: PortValue; readonly item?: PortValue } {
  if ('files' in items) {
    const file = items.files[index];
    if (!file) return {};
    return { file: { type: 'file', file }, item: { type: 'data', data: JSON.parse(JSON.stringify(file)) } };
  }
  const item = items.list[index];
  return item === undefined ? {} : { item: { type: 'data', data: item } };
}

/** Values for all input ports of a step that have one. */
export function inputsOf(context: RunContext, instance: Instance): PortValues {
  const inputs: Record<string, PortValue> = {};
  for (const [port, value] of Object.entries(instance.node.step.in)) {
    const references = referencesOf(value);
    const values = references.flatMap((reference) => valueAt(context, reference, instance) ?? []);
    const type = instance.node.kind?.inputs[port]?.type ?? values[0]?.type;
    const made = type === undefined ? undefined : fit(type, values, references.length > 1);
    if (made) inputs[port] = made;
  }
  return inputs;
}

/** Makes one value of several, of the type that the port takes; undefined when there is nothing. */
function fit(type: PortType, values: readonly PortValue[], several: boolean): PortValue | undefined {
  if (values.length === 0) return undefined;
  if (type === 'data') {
    const data = values.map((value) =>
      value.type === 'data' ? value.data : JSON.parse(JSON.stringify(shownPort(value))),
    );
    return { type: 'data', data: several ? data : data[0] };
  }
  const files = values.flatMap((value): FileValue[] =>
    value.type === 'file' ? [value.file] : value.type === 'files' ? value.files : [],
  );
  const [first] = files;
  if (type === 'file') return first === undefined ? undefined : { type: 'file', file: first };
  return { type: 'files', files };
}

/** Required inputs for which there is no value. */
export function missingInputs({ node }: Instance, inputs: PortValues): string[] {
  return Object.entries(node.kind?.inputs ?? {}).flatMap(([port, { required = true }]) =>
    required && !Object.hasOwn(inputs, port) ? [port] : [],
  );
}

/**
 * All that a step is given, parameters filled in and checked.
 * @throws ExpressionError when a template can't be filled, ZodError when the parameters don't fit then
 */
export function stepInputOf(context: RunContext, instance: Instance): StepInput {
  const { node, at } = instance;
  const { run, trigger } = context.input;
  const inputs = inputsOf(context, instance);
  const step = { id: node.step.id, name: node.step.name ?? node.step.id };
  const index = at.at(-1);
  const scope: Record<string, unknown> = {
    ...outputsSeen(context, instance),
    trigger: trigger.data,
    run,
    step,
    inputs: shownPorts(inputs),
    ...(index === undefined ? {} : { index }),
  };
  const filled = fillParameters(node.step.with, scope, node.kind?.raw);
  return {
    run,
    step,
    parameters: node.kind ? node.kind.parameters.parse(filled) : filled,
    inputs,
    trigger: trigger.data,
    ...(index === undefined ? {} : { item: index }),
    scope,
  };
}

/** Outputs of steps that have succeeded, by their ids, and items of the for-eaches around. */
function outputsSeen(context: RunContext, instance: Instance): Record<string, unknown> {
  const seen: Record<string, unknown> = {};
  for (const id of context.graph.keys()) {
    const depth = instance.node.around.indexOf(id);
    if (depth >= 0) {
      const each = context.graph.get(id) as GraphStep;
      const index = instance.at[depth] ?? 0;
      const item = itemAt(itemsOf(context, { node: each, at: instance.at.slice(0, depth) }), index);
      seen[id] = { index, ...shownPorts(item as PortValues) };
      continue;
    }
    if (!(context.graph.get(id)?.around ?? []).every((each, n) => instance.node.around[n] === each)) continue;
    const record = recordFor(context, id, instance);
    if (record?.state === 'succeeded') seen[id] = shownPorts(record.ports);
  }
  return seen;
}
