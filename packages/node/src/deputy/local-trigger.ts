import type { FactDraft, FileValue, Fired, Id } from '@backlot/contract';

/** What a node knows around a fact, without the control plane. */
export interface LocalOccasion {
  readonly nodeId: Id;
  /** The task whose work has found the fact, and its parameters as they were offered. */
  readonly task: Id;
  readonly job: Id | null;
  readonly project: Id;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** What this node holds of the task's outputs, in the order in which they came. */
  readonly held: readonly FileValue[];
}

/**
 * A kind of trigger as a node that is cut off knows it. The control plane's trigger of the same name comes to the same key
 * from the same fact (both use one pure function of the workload's contract): by the key the two agree who runs it.
 */
export interface LocalTrigger {
  /** As flows name it: `recordings.broadcast-ended`. */
  readonly kind: string;
  /** Kinds of facts that fire it. */
  readonly facts: readonly string[];
  /** Pure. Null: this fact begins nothing. */
  fire(fact: FactDraft, occasion: LocalOccasion): Pick<Fired, 'key' | 'ports' | 'data'> | null;
}
