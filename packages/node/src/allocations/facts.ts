import type {
  AllocationOutcome,
  AllocationState,
  Failure,
  Offer,
  Output,
  Reason,
  StateReport,
} from '@backlot/contract';
import type { ExitFile } from '@backlot/contract/runner/files';
import type { OutputFile } from '../workload.ts';
import type { JournalRecord } from './records.ts';

export type StopWhy = Extract<JournalRecord, { r: 'stop' }>['why'];

/** Who asks that work stands still: the control plane for its cores, or this node for its disk. */
export type FrozenBy = Extract<JournalRecord, { r: 'frozen-by' }>['by'][number];

export interface Ending {
  readonly outcome: AllocationOutcome;
  readonly failure: Failure | undefined;
  readonly result: Record<string, unknown> | undefined;
  readonly outputs: readonly OutputFile[];
}

/** All that is known of an allocation, folded from its journal. */
export interface AllocationFacts {
  readonly offer: Offer;
  readonly started: boolean;
  readonly exit: ExitFile | undefined;
  readonly ending: Ending | undefined;
  readonly uploaded: readonly Output[];
  /** Reports that have not been answered, oldest first. */
  readonly unanswered: readonly StateReport[];
  /** The control plane has answered `accept`. */
  readonly acceptAnswered: boolean;
  readonly lastSeq: number;
  /** As last reported. */
  readonly state: AllocationState;
  /** Empty when it may run. */
  readonly frozenBy: readonly FrozenBy[];
  /** What was told with the last report, if that said that it is frozen for a reason of this node. */
  readonly frozenBecause: Reason | undefined;
  /** Names that have been reported, by this attempt or before it. */
  readonly committed: ReadonlySet<string>;
  readonly stop: { readonly why: StopWhy; readonly graceMs: number } | undefined;
  readonly doom: Failure | undefined;
  /** Its place was given to another attempt: nothing of it counts any more. */
  readonly stale: boolean;
}

/** The facts of an allocation that has just been accepted. */
export function firstFacts(offer: Offer): AllocationFacts {
  return {
    offer,
    started: false,
    exit: undefined,
    ending: undefined,
    uploaded: [],
    unanswered: [],
    acceptAnswered: false,
    lastSeq: 0,
    state: 'accepted',
    frozenBy: [],
    frozenBecause: undefined,
    committed: new Set(offer.committed),
    stop: undefined,
    doom: undefined,
    stale: false,
  };
}

/** A file as a workload names it, without what it left out: so it is written down, and so it is read again. */
export function plainOutput(
  file: {
    [Key in keyof OutputFile]: OutputFile[Key] | undefined;
  },
): OutputFile {
  const { name, kind, path, mediaType, meta, hold, digest } = file as OutputFile;
  return {
    name,
    kind,
    path,
    mediaType,
    ...(meta ? { meta } : {}),
    ...(hold ? { hold } : {}),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** What is known after one more record. Pure; applying a record twice changes nothing more. */
export function apply(facts: AllocationFacts, record: JournalRecord): AllocationFacts {
  switch (record.r) {
    case 'accepted':
      return facts;
    case 'started':
      return { ...facts, started: true };
    case 'exited':
      return { ...facts, exit: facts.exit ?? record.exit };
    case 'concluded': {
      if (facts.ending) return facts;
      const { outcome, failure, result, outputs } = record;
      const files = outputs.map(plainOutput);
      return { ...facts, ending: { outcome, failure, result, outputs: files } };
    }
    case 'uploaded':
      if (facts.uploaded.some(({ name }) => name === record.output.name)) return facts;
      return { ...facts, uploaded: [...facts.uploaded, record.output] };
    case 'report': {
      const { report } = record;
      if (report.seq <= facts.lastSeq) return facts;
      return {
        ...facts,
        lastSeq: report.seq,
        state: report.state,
        frozenBecause: report.state === 'frozen' ? report.reason : undefined,
        unanswered: [...facts.unanswered, report],
        committed: new Set([...facts.committed, ...report.outputs.map(({ name }) => name)]),
      };
    }
    case 'acked':
      return {
        ...facts,
        acceptAnswered: facts.acceptAnswered || record.seq === 0,
        unanswered: facts.unanswered.filter(({ seq }) => seq !== record.seq),
        stale: facts.stale || record.verdict === 'stale',
      };
    case 'stop':
      // A later request may be more pressing, but the first says why.
      return { ...facts, stop: facts.stop ?? { why: record.why, graceMs: record.graceMs } };
    case 'frozen-by':
      return { ...facts, frozenBy: record.by };
    case 'doomed':
      return { ...facts, doom: facts.doom ?? record.failure };
  }
}

/**
 * The steps of an allocation on its node. Each can be repeated from its beginning: that is what happens when the
 * agent died in it.
 *
 * preparing    inputs are fetched, the work folder is written, the process is started
 * running      waits for its end, and lets finished outputs be uploaded on the way
 * concluding   the workload judges what came out
 * uploading    what the conclusion names is brought to the control plane
 * reporting    the last report waits to be answered
 * done         nothing of it has to be kept
 */
export const allocationSteps = [
  'preparing',
  'running',
  'concluding',
  'uploading',
  'reporting',
  'done',
] as const;
export type AllocationStep = (typeof allocationSteps)[number];

/** Where an allocation stands, from its facts alone. */
export function stepOf(facts: AllocationFacts): AllocationStep {
  const running = facts.started && facts.exit === undefined;
  // Nothing it says is wanted any more, but what runs has to be ended first.
  if (facts.stale) return running ? 'running' : 'done';
  if (facts.state === 'ended') return facts.unanswered.length > 0 ? 'reporting' : 'done';
  if (running) return 'running';
  if (facts.ending) return 'uploading';
  // Ended before its process began: there is nothing to prepare any more, and nothing to run.
  if (facts.exit || facts.stop || facts.doom) return 'concluding';
  return 'preparing';
}

/** The outcome of work that was ended because somebody asked. */
export function outcomeOfStop(why: StopWhy): AllocationOutcome {
  switch (why) {
    case 'canceled':
      return 'canceled';
    case 'preempted':
    case 'drained':
      return 'preempted';
    case 'lost':
    case 'stale':
      return 'lost';
  }
}

/** Reasons after which finished work is still worth bringing away. */
export function isGentle(why: StopWhy): boolean {
  return why === 'preempted' || why === 'drained';
}

/** What a report says that brings no other state than the last one. */
export function sameState({ state, frozenBecause }: AllocationFacts): Pick<StateReport, 'state' | 'reason'> {
  return { state, ...(frozenBecause ? { reason: frozenBecause } : {}) };
}

/** The state to tell in heartbeats: as reported, and `stopping` from the request until the end. */
export function shownState(facts: AllocationFacts): AllocationState {
  return facts.stop && facts.state !== 'ended' ? 'stopping' : facts.state;
}
