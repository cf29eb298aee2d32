import type { FlowDefinition, FlowStep } from '../definition.ts';
import { gatherStep } from '../kinds/gather.ts';
import type { StepKinds } from '../step-kind.ts';
import { type StepRecord, stepKey } from '../step-record.ts';
import { type Graph, graphOf } from './graph.ts';

/**
 * Which records of an earlier run a new one takes over: steps that succeeded, that say the same in both versions, and
 * that build on nothing that is done again.
 * @param from this step, and what builds on it, is done again; left out: what did not succeed
 */
export function reusableRecords(
  before: { readonly definition: FlowDefinition; readonly records: readonly StepRecord[] },
  definition: FlowDefinition,
  kinds: StepKinds,
  from?: string,
): StepRecord[] {
  const graph = graphOf(definition, kinds);
  const old = new Map(before.definition.steps.map((step) => [step.id, step]));
  const redone = new Set<string>();
  for (const { step } of graph.values()) {
    const was = old.get(step.id);
    if (step.id === from || !was || sense(was) !== sense(step)) redone.add(step.id);
  }
  // A copy that was read back for an earlier run may be gone by now: what is still to be deleted is verified anew.
  const deletes = [...graph.values()].some(
    ({ step, kind }) =>
      kind?.deletes !== undefined && (redone.has(step.id) || !isWhole(before.records, step.id)),
  );
  for (const { step, kind } of graph.values()) {
    if (deletes && kind?.verifies !== undefined) redone.add(step.id);
  }
  if (JSON.stringify(before.definition.trigger.kind) !== JSON.stringify(definition.trigger.kind)) return [];
  spread(graph, redone);

  // A round of a for-each is taken over step by step: what follows from one that did not succeed is done again.
  const kept = new Map<string, StepRecord>();
  const open = before.records.filter((record) => record.state === 'succeeded' && !redone.has(record.step));
  for (let moved = true; moved; ) {
    moved = false;
    for (const record of open) {
      if (kept.has(record.key) || !graph.has(record.step)) continue;
      if (!buildsOnKept(graph, kept, record)) continue;
      kept.set(record.key, { ...record, dueAt: null });
      moved = true;
    }
  }
  return [...kept.values()];
}

/** Whether a step is done, in all its rounds. */
function isWhole(records: readonly StepRecord[], id: string): boolean {
  const its = records.filter(({ step }) => step === id);
  return its.length > 0 && its.every(({ state }) => state === 'succeeded');
}

/** What a step says, without how it is drawn and called. */
function sense({ layout: _layout, name: _name, ...rest }: FlowStep): string {
  return JSON.stringify(rest, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

/** Adds everything that builds on what is done again, and for-eaches around it, which have to collect anew. */
function spread(graph: Graph, redone: Set<string>): void {
  for (let grew = true; grew; ) {
    grew = false;
    for (const { step, dependencies, around } of graph.values()) {
      const because = dependencies.some(({ from, way }) => way !== 'open' && redone.has(from));
      const opened = around.some((each) => redone.has(each) && !inBody(graph, redone, each));
      if ((because || opened) && !redone.has(step.id)) {
        redone.add(step.id);
        grew = true;
      }
      if (!redone.has(step.id)) continue;
      for (const each of around) {
        if (redone.has(each)) continue;
        redone.add(each);
        grew = true;
      }
    }
  }
}

/** Whether a for-each is done again only because of a step inside it: its other rounds' steps stay. */
function inBody(graph: Graph, redone: ReadonlySet<string>, each: string): boolean {
  const node = graph.get(each);
  const itself = node?.dependencies.some(({ from, way }) => way !== 'open' && redone.has(from)) ?? true;
  return (
    !itself && [...graph.values()].some(({ step, around }) => around.includes(each) && redone.has(step.id))
  );
}

function buildsOnKept(
  graph: Graph,
  kept: ReadonlyMap<string, StepRecord>,
  record: Pick<StepRecord, 'step' | 'at'>,
): boolean {
  const node = graph.get(record.step);
  if (!node) return false;
  return node.dependencies.every(({ from, way }) => {
    const at = record.at.slice(0, graph.get(from)?.around.length ?? 0);
    // A for-each goes through the same things when what it builds on is the same.
    if (way === 'open') return buildsOnKept(graph, kept, { step: from, at });
    // A gather may have gone on without some of what it names.
    return kept.has(stepKey(from, at)) || node.step.kind === gatherStep.kind;
  });
}
