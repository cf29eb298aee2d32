import type { z } from 'zod';
import type { Phrase } from '../phrase.ts';
import type { PortType, PortValues } from './value.ts';

/** What a kind of trigger gives to a flow, as far as checking a flow has to know it. */
export interface TriggerFacts<P = unknown> {
  /** `recordings.broadcast-ended` */
  readonly kind: string;
  readonly title: Phrase;
  readonly summary: Phrase;
  readonly icon?: string;
  /** What a flow says under `trigger.with`. */
  readonly parameters: z.ZodType<P>;
  readonly outputs: Readonly<
    Record<string, { readonly type: PortType; readonly title?: Phrase; readonly required?: boolean }>
  >;
  /** Names of what is at `{{trigger.…}}`, for completion and for hints; anything else is allowed. */
  readonly data?: readonly string[];
}

/** Something has happened that starts runs of the flows that wait for it. */
export interface Fired {
  /** Names the occasion: a run for each flow and key, however often it is told. At most 300 characters. */
  readonly key: string;
  readonly projectId: string;
  /** What it is about, for people and for lists of runs. */
  readonly subject?: { readonly kind: string; readonly id: string };
  readonly ports: PortValues;
  /** What is at `{{trigger.…}}`. */
  readonly data: Record<string, unknown>;
  /**
   * This node may have begun the run by itself while it was cut off: it is asked first. `versionId`: the version that it
   * was given, where what happened names one; a run that it has begun is of that version and no other.
   */
  readonly alone?: { readonly nodeId: string; readonly versionId?: string };
  /** Only this version runs (of a channel's own flow); else all flows of the project whose trigger matches. */
  readonly flowVersionId?: string;
}
