import type { AllocationOutcome, Failure } from '@backlot/contract';
import type { Logger } from 'pino';
import { type OutputUploadOptions, uploadOutput } from '../transfer/output-upload.ts';
import type { AllocationBook } from './allocation-book.ts';
import { outcomeOfStop } from './facts.ts';
import { failureOfUpload, isStale } from './judge-errors.ts';

export interface BringAwayParts {
  readonly uploads: OutputUploadOptions;
  readonly workDir: string;
  /** Aborted when its outputs are of no use any more. */
  readonly effort: AbortSignal;
  /** Aborted when the agent lets go. */
  readonly life: AbortSignal;
  readonly log: Logger;
}

/** How an attempt ends after its outputs were brought away, or could not be. */
export interface LastWord {
  readonly outcome: AllocationOutcome;
  readonly failure: Failure | undefined;
  /** Nobody waits for its logs. */
  readonly hasty: boolean;
}

/** Uploads what the conclusion names; each file that has arrived is written down, so that it is never sent twice. */
export async function bringAway(book: AllocationBook, parts: BringAwayParts): Promise<LastWord | undefined> {
  const { ending } = book.facts;
  if (!ending) return undefined;
  try {
    for (const file of ending.outputs) {
      const { committed, uploaded } = book.facts;
      if (committed.has(file.name) || uploaded.some(({ name }) => name === file.name)) continue;
      const output = await uploadOutput(parts.uploads, parts.workDir, file, parts.effort);
      await book.record(() => ({ r: 'uploaded', output }));
    }
    return { outcome: ending.outcome, failure: ending.failure, hasty: book.facts.stop !== undefined };
  } catch (error) {
    if (parts.life.aborted) throw error;
    const { stop } = book.facts;
    parts.log.warn({ err: error }, 'not all outputs could be brought away');
    if (stop) return { outcome: outcomeOfStop(stop.why), failure: undefined, hasty: true };
    // Told all the same: the control plane answers that it is stale, and notes what was refused.
    if (isStale(error)) return { outcome: 'lost', failure: undefined, hasty: true };
    if (ending.outcome !== 'ok') return { outcome: ending.outcome, failure: ending.failure, hasty: false };
    return { outcome: 'failed', failure: failureOfUpload(error), hasty: false };
  }
}

/** The last report, after those that the outputs need. */
export async function reportEnd(book: AllocationBook, { outcome, failure }: LastWord): Promise<void> {
  await book.reportOutputs(book.facts.uploaded);
  await book.report(({ exit, ending }) => ({
    state: 'ended',
    outputs: [],
    outcome,
    ...(outcome === 'failed' && failure ? { failure } : {}),
    ...(ending?.result === undefined ? {} : { result: ending.result }),
    ...(exit ? { usage: exit.usage } : {}),
  }));
}
