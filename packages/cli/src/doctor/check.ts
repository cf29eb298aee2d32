import type { Language, Phrase, PhraseParams } from '@backlot/contract/phrase';
import type { ControlSettings } from '../config/control-settings.ts';
import type { Machine } from '../config/data-dir.ts';
import type { Workload } from '../workloads.ts';

/** What one look at the machine found. */
export interface Finding {
  /** What was looked at; stable, for programs. */
  readonly check: string;
  /** `warning`: something that most people want is missing. `problem`: Backlot can't run, or not safely. */
  readonly status: 'ok' | 'warning' | 'problem';
  readonly text: string;
  /** What to do about it. */
  readonly advice?: string;
}

export interface CheckContext {
  readonly machine: Machine;
  readonly settings: ControlSettings;
  readonly workloads: readonly Workload[];
  readonly language: Language;
  readonly signal: AbortSignal;
  /** An empty folder, removed afterwards. */
  readonly scratch: string;
  say(phrase: Phrase, params?: PhraseParams): string;
}

/** A look at one side of the machine. It changes nothing and ends within the time of its signal. */
export interface Check {
  readonly name: string;
  run(context: CheckContext): Promise<readonly Finding[]>;
}
