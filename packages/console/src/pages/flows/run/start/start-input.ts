import type { FlowDefinition } from '@backlot/contract/flow/definition';
import type { KindView } from '../../editor/catalogue.ts';
import { TRIGGER } from '../../editor/edits.ts';

/** A file that a run is to begin with, as much of it as is shown. */
export interface Given {
  /** Of the artifact. */
  readonly id: string;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

export interface StartPort {
  readonly port: string;
  /** Whether it takes several. */
  readonly many: boolean;
}

/** The trigger's ports of files that a wire leads from: nobody has to fill what no step takes. Pure. */
export function portsToFill(definition: FlowDefinition, trigger: KindView | undefined): StartPort[] {
  const used = new Set(definition.steps.flatMap((step) => Object.values(step.in).flat()));
  return Object.entries(trigger?.outputs ?? {})
    .filter(([port, { type }]) => type !== 'data' && used.has(`${TRIGGER}.${port}`))
    .map(([port, { type }]) => ({ port, many: type === 'files' }));
}

/** What is at `{{trigger.…}}`, or why the text can't be it. */
export type ReadData =
  | { readonly data: Record<string, unknown> }
  | { readonly problem: 'unreadable' | 'no-object' };

/** Reads the data that somebody has typed; nothing is no data. Pure. */
export function readData(text: string): ReadData {
  if (text.trim() === '') return { data: {} };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'unreadable' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { problem: 'no-object' };
  return { data: { ...value } };
}
