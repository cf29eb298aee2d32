import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Failure, flowPhrases, newId, type Offer, reason, type StateReport } from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import { givenText } from '@backlot/contract/deputy/given';
import type { Findings } from '@backlot/contract/link/messages';
import type { Logger } from 'pino';
import { Journal } from '../journal/journal.ts';
import { afterAttempt } from './after-attempt.ts';
import { lacksSecrets, localOffer } from './local-offer.ts';
import type { OpenStep, PlanRun } from './local-plan.ts';
import type { Places } from './places.ts';
import { applyRecord, firstFacts, type RunFacts, type StepFacts, stepOfAllocation } from './run-facts.ts';
import { RunRecord } from './run-records.ts';

export interface LocalRunParts {
  readonly plan: PlanRun;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  /** Whether it is known what this node can do; a step that it could not do yet is not left to others. */
  ready(): boolean;
  /** Why this node can't do a step, for the log; undefined when it can. */
  cannot(step: OpenStep): Promise<string | undefined>;
  /** For steps that run at the same time, of all runs together. */
  readonly places: Places;
  /** Whether the local allocations have it. */
  has(allocation: string): boolean;
  offer(offer: Offer): Promise<void>;
  stop(allocation: string): Promise<void>;
}

/** A local allocation that could not be taken (a full disk) is offered again after this. */
const refusedMs = 30_000;
/** After a disk that did not take a record, or an engine that failed. */
const troubleMs = 5_000;
/** Why a step is left whose secrets nobody has given to this node. */
const noSecrets = 'its secrets were not given to this node';

/**
 * A record as an agent that was started again reads it. What a step has said comes from memory, where a value may be there
 * and undefined; decided on that, a film was none until the next restart.
 */
function asRead<R extends RunRecord>(record: R): R {
  return RunRecord.parse(JSON.parse(JSON.stringify(record))) as R;
}

/**
 * One run that this node has begun while it was alone, from the claim until the control plane has taken it in. What to do
 * next follows from its journal and the flow: an agent that was killed is followed by one that reads the same.
 */
export class LocalRun {
  readonly #parts: LocalRunParts;
  readonly #journal: Journal;
  readonly #log: Logger;
  /** Attempts that wait for their back-off, by step. */
  readonly #again = new Map<string, () => void>();
  /** Steps whose back-off is over. */
  readonly #due = new Set<string>();
  #facts: RunFacts;
  #turn: Promise<void> = Promise.resolve();
  #wake: (() => void) | undefined;
  #resting = false;
  #closed = false;

  private constructor(parts: LocalRunParts, journal: Journal, facts: RunFacts) {
    this.#parts = parts;
    this.#journal = journal;
    this.#facts = facts;
    this.#log = parts.log.child({ run: facts.run });
  }

  static async begin(
    parts: LocalRunParts,
    path: string,
    begun: Extract<RunRecord, { r: 'begun' }>,
  ): Promise<LocalRun> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const { journal } = await Journal.open(path);
    try {
      await journal.append(begun);
    } catch (error) {
      await journal.close();
      throw error;
    }
    return new LocalRun(parts, journal, firstFacts(asRead(begun)));
  }

  /** @returns nothing when an earlier agent never came to beginning it */
  static async resume(parts: LocalRunParts, path: string): Promise<LocalRun | undefined> {
    const { journal, records } = await Journal.open(path);
    const [first, ...rest] = records.map((record) => RunRecord.safeParse(record));
    if (!first?.success || first.data.r !== 'begun') {
      await journal.close();
      return undefined;
    }
    let facts = firstFacts(first.data);
    for (const record of rest) {
      if (record.success) facts = applyRecord(facts, record.data);
      else parts.log.warn({ err: record.error, path }, 'a record of a run was not understood');
    }
    const run = new LocalRun(parts, journal, facts);
    // What an earlier agent had given a place still has it.
    for (const step of facts.steps.values()) if (!step.end && !step.attempt.last) run.#occupy(step);
    return run;
  }

  get facts(): RunFacts {
    return this.#facts;
  }

  /** Nothing of it goes on here any more: what is not done is the control plane's. */
  get resting(): boolean {
    return this.#resting;
  }

  /** Does what there is to do now. Called whenever something has changed; often is harmless. */
  go(): void {
    void this.#goOn();
  }

  #goOn(): Promise<void> {
    return this.#then(() => this.#look());
  }

  /** A local allocation reports. @returns whether it is one of this run's; resolves when that is written down */
  async reported(report: StateReport): Promise<boolean> {
    if (!stepOfAllocation(this.#facts, report.allocation)) return false;
    await this.#record({ r: 'said', report });
    if (report.state === 'ended') void this.#parts.places.giveBack(report.allocation, () => this.#goOn());
    else this.go();
    return true;
  }

  /** A local allocation has found something. @returns whether it is one of this run's */
  async found(findings: Findings): Promise<boolean> {
    if (!stepOfAllocation(this.#facts, findings.allocation)) return false;
    await this.#record({ r: 'found', findings });
    return true;
  }

  /** A local allocation was not taken. @returns whether it is one of this run's */
  refused(allocation: string): boolean {
    const step = stepOfAllocation(this.#facts, allocation);
    if (!step) return false;
    this.#later(step.step, refusedMs);
    return true;
  }

  /** The control plane has taken a step in. */
  told(step: string): Promise<void> {
    return this.#record({ r: 'told', step });
  }

  /** The control plane has taken all of it in. */
  ended(): Promise<void> {
    return this.#record({ r: 'closed' });
  }

  /** Nobody wants it any more: what runs of it is ended, and nothing more begins. */
  async abandon(): Promise<void> {
    await this.#record({ r: 'closed' });
    for (const { attempt } of this.#facts.steps.values()) {
      if (!attempt.last) await this.#parts.stop(attempt.allocation);
      await this.#parts.places.giveBack(attempt.allocation, async () => undefined);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    for (const cancel of this.#again.values()) cancel();
    await this.#turn;
    await this.#journal.close();
  }

  async #look(): Promise<void> {
    if (this.#closed || this.#facts.closed) return;
    for (;;) {
      const { clock, plan } = this.#parts;
      const { open, waits, wakeAt } = plan(this.#facts, clock.now());
      for (const record of waits) await this.#record({ r: 'waits', record });
      let moved = false;
      for (const step of open) moved = (await this.#advance(step)) || moved;
      this.#wakeAt(Math.min(wakeAt ?? Number.POSITIVE_INFINITY, ...open.map((step) => this.#lateAt(step))));
      if (moved) continue;
      this.#resting = wakeAt === undefined && open.every(({ step }) => this.#facts.left.has(step));
      return;
    }
  }

  /** @returns whether the flow may go on because of it */
  async #advance(open: OpenStep): Promise<boolean> {
    const { step } = open;
    if (this.#facts.left.has(step)) return false;
    const known = this.#facts.steps.get(step);
    if (!known) {
      if (!this.#parts.ready()) return false;
      const cannot = await this.#parts.cannot(open);
      const why = cannot ?? (lacksSecrets(this.#facts, open) ? noSecrets : undefined);
      if (why !== undefined) return this.#leave(step, why);
      await this.#attempt(open, undefined);
      return false;
    }
    const { last, number, allocation } = known.attempt;
    const late = this.#parts.clock.now() >= this.#lateAt(open);
    const decided = last !== undefined && !this.#again.has(step) && !this.#due.has(step);
    // While it is this node's, nobody else says that it took too long.
    if (late && !decided) return this.#endLate(open, known);
    if (!last) {
      // Written down, but the agent died before it was offered; or it was refused, and that is long ago.
      if (!this.#parts.has(allocation) && !this.#again.has(step)) await this.#offer(open, known);
      return false;
    }
    if (this.#again.has(step)) return false;
    if (this.#due.delete(step)) {
      if (lacksSecrets(this.#facts, open)) return this.#leave(step, noSecrets);
      await this.#attempt(open, known);
      return false;
    }
    const retry = open.draft?.retry ?? { maxAttempts: 1, backoffMs: 0, maxBackoffMs: 0 };
    const next = afterAttempt(last, number, retry, this.#parts.random());
    if (next.kind === 'leave') return this.#leave(step, next.why);
    if (next.kind === 'again' && !late) {
      this.#later(step, next.delayMs);
      return false;
    }
    const { outcome, failure } =
      next.kind === 'ended' ? next : { outcome: 'failed' as const, failure: last.failure };
    return this.#end(step, outcome, failure);
  }

  async #end(step: string, outcome: 'ok' | 'failed', failure: Failure | undefined): Promise<true> {
    const at = new Date(this.#parts.clock.now()).toISOString();
    await this.#record({ r: 'ended', step, outcome, ...(failure ? { failure } : {}), at });
    this.#log.info(
      { step, outcome, why: failure?.reason.code },
      'a step of a run has ended on a node that is alone',
    );
    return true;
  }

  /** When all the time is over that the flow gives to a step, attempts and waiting included; never for one that is not ours. */
  #lateAt({ step, timeLimitMs }: OpenStep): number {
    const known = this.#facts.steps.get(step);
    if (timeLimitMs === undefined || !known || known.end || this.#facts.left.has(step)) {
      return Number.POSITIVE_INFINITY;
    }
    return Date.parse(known.startedAt) + timeLimitMs;
  }

  /** Ends a step that took too long: what runs of it is stopped, and waits are over. */
  async #endLate({ step, name }: OpenStep, { attempt }: StepFacts): Promise<true> {
    this.#again.get(step)?.();
    this.#again.delete(step);
    this.#due.delete(step);
    // First: an agent that dies in between finds it late once more.
    if (!attempt.last) await this.#parts.stop(attempt.allocation);
    const failure = {
      class: 'stall' as const,
      reason: reason(flowPhrases, 'flow.time_limit', { step: name }),
      signature: 'stall:flow.time_limit',
    };
    const ended = await this.#end(step, 'failed', failure);
    await this.#parts.places.giveBack(attempt.allocation, async () => undefined);
    return ended;
  }

  async #leave(step: string, why: string): Promise<boolean> {
    await this.#record({ r: 'left', step, why });
    this.#log.info({ step, why }, 'a step is left to the control plane');
    return false;
  }

  async #attempt(open: OpenStep, before: StepFacts | undefined): Promise<void> {
    const allocation = newId();
    if (!this.#parts.places.take(allocation)) {
      if (before) this.#due.add(open.step);
      return;
    }
    try {
      const attempt = (before?.attempt.number ?? 0) + 1;
      const at = new Date(this.#parts.clock.now()).toISOString();
      const { step, kind, draft } = open;
      const given = draft && createHash('sha256').update(givenText(draft)).digest('hex');
      await this.#record({
        r: 'attempt',
        step,
        kind,
        allocation,
        attempt,
        ...(given === undefined ? {} : { given }),
        at,
      });
    } catch (error) {
      await this.#parts.places.giveBack(allocation, async () => undefined);
      throw error;
    }
    const known = this.#facts.steps.get(open.step);
    if (known) await this.#offer(open, known);
  }

  async #offer(open: OpenStep, known: StepFacts): Promise<void> {
    const { allocation, number } = known.attempt;
    const offer = localOffer(this.#facts, open, allocation, number, known);
    if (offer) await this.#parts.offer(offer);
  }

  #occupy({ attempt }: StepFacts): void {
    this.#parts.places.take(attempt.allocation);
  }

  #later(step: string, ms: number): void {
    this.#again.get(step)?.();
    const cancel = this.#parts.clock.after(ms, () => {
      this.#again.delete(step);
      if (this.#facts.steps.get(step)?.attempt.last) this.#due.add(step);
      this.go();
    });
    this.#again.set(step, cancel);
  }

  #wakeAt(at: number): void {
    this.#wake?.();
    this.#wake = undefined;
    if (at === Number.POSITIVE_INFINITY) return;
    const ms = Math.max(0, Math.min(at - this.#parts.clock.now(), 24 * 3_600_000));
    this.#wake = this.#parts.clock.after(ms, () => this.go());
  }

  async #record(record: RunRecord): Promise<void> {
    // Before it is written: what nobody could read again is not to stand in a journal.
    const read = asRead(record);
    await this.#journal.append(record);
    this.#facts = applyRecord(this.#facts, read);
  }

  /** One thing after the other; what fails is tried again a little later. */
  #then(work: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(work).catch((error: unknown) => {
      if (this.#closed) return;
      this.#log.error({ err: error }, 'a run could not go on; trying again');
      const cancel = this.#parts.clock.after(troubleMs, () => this.go());
      this.#again.set(':trouble', () => cancel());
    });
    return this.#turn;
  }
}
