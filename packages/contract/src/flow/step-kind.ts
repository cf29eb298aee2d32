import type { z } from 'zod';
import type { Failure } from '../failure.ts';
import type { Output } from '../output.ts';
import type { Phrase } from '../phrase.ts';
import type { TaskDraftInput } from '../task.ts';
import type { FileValue, PortType, PortValues } from './value.ts';

/** A port of a step: what fits into it, and whether the step can do without. */
export interface StepPort {
  readonly type: PortType;
  /** Inputs only; true unless told. */
  readonly required?: boolean;
  readonly title?: Phrase;
}

/** What a step is asked to do, all references and templates resolved. The same on both halves: it is data. */
export interface StepInput<P = unknown> {
  readonly run: {
    readonly id: string;
    readonly flowId: string;
    readonly projectId: string;
    /** Name of the flow. */
    readonly name: string;
    /** ISO 8601. */
    readonly startedAt: string;
  };
  readonly step: { readonly id: string; readonly name: string };
  /** Checked by the kind's schema, templates filled in as data. */
  readonly parameters: P;
  readonly inputs: PortValues;
  /** What the trigger told: title, channel, times. */
  readonly trigger: unknown;
  /** Place in a for-each, from 0. */
  readonly item?: number;
  /** What templates of this step see; use `templateScope`. */
  readonly scope?: Readonly<Record<string, unknown>>;
}

/** How the task of a step ended. */
export interface StepTask {
  readonly state: 'succeeded' | 'failed' | 'canceled';
  readonly result: Record<string, unknown> | null;
  /** What it has committed, as values. */
  readonly outputs: readonly FileValue[];
  readonly failure: Failure | null;
}

/** What a step gives to those after it. */
export interface StepOutcome {
  readonly ports: PortValues;
  /** Which of the kind's branches goes on; left out: `ok`. */
  readonly branch?: string;
}

/** A task as a step drafts it: the engine adds key, needs, retries and limits. */
export type StepDraft = Omit<TaskDraftInput, 'key' | 'needs'>;

/**
 * A kind of step, as far as flows have to know it: pure facts and pure functions, in the contract of the workload that
 * brings it, and the same object on both halves, because a node that is cut off runs steps by itself.
 */
// biome-ignore lint/suspicious/noExplicitAny: kinds differ in their parameters; each checks its own by its schema.
export interface StepKind<P = any> {
  /** `<workload>.<word>` */
  readonly kind: string;
  readonly title: Phrase;
  readonly summary: Phrase;
  /** Name of an icon of the console. */
  readonly icon?: string;
  readonly parameters: z.ZodType<P>;
  readonly inputs: Readonly<Record<string, StepPort>>;
  readonly outputs: Readonly<Record<string, StepPort>>;
  /** Ways on beside `ok` and `error`: `true`, `false`. A kind with branches has no `ok`. */
  readonly branches?: readonly string[];
  /** Parameters whose templates the kind fills by itself (`fillTemplate`, `templateScope`), because their parts must be escaped. */
  readonly raw?: readonly string[];
  /** After success the bytes at this input port are known to be safe elsewhere. */
  readonly verifies?: string;
  /** Success removes the bytes at this input port. */
  readonly deletes?: string;
  /**
   * Output port -> input port: the output holds all that the input holds (a remux, a join), so that a verified copy of the
   * one is a verified copy of the other.
   */
  readonly carries?: Readonly<Record<string, string>>;
  /**
   * What is wrong with parameters that fit by themselves, together with the ports that are wired: said when a flow is checked,
   * so that nobody learns of it from a run. Pure; the draft still has to refuse what only a run can tell.
   */
  clash?(
    parameters: P,
    wired: ReadonlySet<string>,
  ): { readonly path: readonly string[]; readonly problem: Phrase } | undefined;
  /** Attempts in all unless the step says otherwise; 1 000 000 is for ever. */
  readonly maxAttempts?: number;
  /** The same failure on several nodes does not stop the run: it is the fault of somebody else's server. */
  readonly persistent?: true;
  /**
   * task     a task on a node, by `draft` and `outcome`; unless told
   * control  nothing for a node: done by the control plane, by the workload's `performs`
   * engine   decided by the flow engine itself, at once or at a time: the kernel's own kinds only
   */
  readonly performedBy?: 'task' | 'control' | 'engine';
  /** Only `performedBy: task`. Throws (with a sentence) when the inputs can't be used: the step has failed. */
  draft?(input: StepInput<P>): StepDraft;
  outcome?(input: StepInput<P>, task: StepTask): StepOutcome;
}

/** Finds a kind by name. A kind that is gone (a workload that is not installed any more) is undefined. */
export type StepKinds = ReadonlyMap<string, StepKind>;

/** @throws Error when two workloads claim the same kind: the installation is put together wrongly */
export function collectStepKinds(kinds: Iterable<StepKind>): StepKinds {
  const map = new Map<string, StepKind>();
  for (const kind of kinds) {
    if (map.has(kind.kind)) throw new Error(`Two workloads bring the step kind ${kind.kind}.`);
    map.set(kind.kind, kind);
  }
  return map;
}

/** An output of a task as a value. */
export function fileValueOf(
  output: Pick<Output, 'digest' | 'size' | 'mediaType' | 'kind' | 'name' | 'meta'>,
  more: Pick<FileValue, 'artifactId' | 'holders'> = {},
): FileValue {
  const { digest, size, mediaType, kind, name, meta } = output;
  return { digest, size, mediaType, kind, name, meta, ...more };
}
