import type { Event, LiveUpdate, PhraseTable } from '@backlot/contract';
import type { ErrorTable } from '@backlot/contract/errors/refusal';
import type { ComponentType } from 'react';

/**
 * The only door between the console and a workload's pages. Shared parts (badges, tables, notices, uploads) are
 * re-exported here by the console, so that a workload imports this one file and nothing behind it.
 */
export interface ConsolePage {
  /** Path below `/`, with `$name` parameters: `renders/$id`. */
  readonly path: string;
  readonly component: () => Promise<{ default: ComponentType }>;
}

/** Strings of one language, nested by area; used under the workload's name as i18next namespace. */
export interface Strings {
  readonly [key: string]: string | Strings;
}

export interface ConsoleWorkload {
  /** The same name as on the other halves: `renders`. */
  readonly name: string;
  /** Its entry in the left rail; `order` as in console.md. */
  readonly rail?: {
    readonly order: number;
    readonly path: string;
    readonly label: string;
    readonly icon: ComponentType;
  };
  readonly pages: readonly ConsolePage[];
  readonly strings: { readonly en: Strings; readonly 'zh-CN': Strings };
  /** Sentences of its reasons and failures, by code. */
  readonly phrases?: PhraseTable;
  /** Its errors, where a step of a flow that the control plane performs can fail with one. */
  readonly errors?: ErrorTable;
  /** Where a job of this workload is shown, when it has a page of its own. */
  jobPath?(job: { readonly id: string; readonly kind: string }): string | undefined;
  /** Query keys to refresh for an event of its own. */
  affected?(event: Event | LiveUpdate): readonly (readonly unknown[])[];
  /** Commands of the palette. */
  readonly commands?: readonly { readonly id: string; readonly label: string; readonly path: string }[];
}

/** What workload pages may use of the console: shared parts, the API client, texts and formats. */
export * from './api/index.ts';
export * from './format/index.ts';
export * from './i18n/index.ts';
export * from './jobs/index.ts';
export * from './parts/index.ts';
export * from './session/index.ts';
export * from './uploads/index.ts';
