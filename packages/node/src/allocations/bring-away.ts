import type { AllocationOutcome, Failure, Output } from '@backlot/contract';
import type { Logger } from 'pino';
import { type OutputUploadOptions, uploadOutput } from '../transfer/output-upload.ts';
import type { OutputFile } from '../workload.ts';
import type { AllocationBook } from './allocation-book.ts';
import { outcomeOfStop } from './facts.ts';
import { failureOfUpload, isStale } from './judge-errors.ts';

export interface BringAwayParts {
  readonly uploads: OutputUploadOptions;
  /** Keeps files on this node; told beside the reports, before the last of them. */
  readonly hold: (files: readonly OutputFile[]) => Promise<void>;
  /** Every file is kept, whatever it says. */
  readonly holdAll: boolean;
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

/** Brings away what is finished while the task goes on. Resolves when the journal has the reports. */
export async function commitFiles(
  book: AllocationBook,
  parts: BringAwayParts,
  files: readonly OutputFile[],
): Promise<void> {
  const held = files.filter(({ hold }) => hold || parts.holdAll);
  if (held.length > 0) await parts.hold(held);
  const outputs: Output[] = [];
  for (const file of files) {
    if (held.includes(file) || book.facts.committed.has(file.name)) continue;
    outputs.push(await uploadOutput(parts.uploads, parts.workDir, file, parts.effort));
  }
  await book.reportOutputs(outputs);
}

/** Uploads what the conclusion names; each file that has arrived is written down, so that it is never sent twice. */
export async function bringAway(book: AllocationBook, parts: BringAwayParts): Promise<LastWord | undefined> {
  const { ending } = book.facts;
  if (!ending) return undefined;
  try {
    for (const file of ending.outputs) {
      if (file.hold || parts.holdAll) {
        await parts.hold([file]);
        continue;
      }
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
