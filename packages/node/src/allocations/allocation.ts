import { rm } from 'node:fs/promises';
import type { AllocationState, Call, Failure, Offer, Progress } from '@backlot/contract';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { linkErrors } from '@backlot/contract/errors/link';
import type { Logger } from 'pino';
import { type WorkHere, workHere } from '../disk/make-way.ts';
import { keptLogs } from '../transfer/kept-logs.ts';
import { LogUpload } from '../transfer/log-upload.ts';
import {
  type OutputFile,
  type Report,
  type TaskContext,
  TaskFailure,
  type WatchContext,
} from '../workload.ts';
import type { AllocationBook } from './allocation-book.ts';
import { makeWorkFolders } from './allocation-folder.ts';
import type { AllocationParts } from './allocation-parts.ts';
import { type BringAwayParts, bringAway, commitFiles, reportEnd } from './bring-away.ts';
import { asksWorkload, conclude } from './conclude.ts';
import {
  type AllocationFolders,
  type AnyExecutor,
  type Execution,
  giveBack,
  hostedExecution,
  isHosted,
  ProgressPace,
  processExecution,
  unknownKind,
} from './execution.ts';
import {
  type AllocationFacts,
  type AllocationStep,
  isGentle,
  type StopWhy,
  sameState,
  shownState,
  stepOf,
} from './facts.ts';
import { agentFailure, wordsOf } from './failures.ts';
import { fetchInputs } from './fetch-inputs.ts';
import { failureOfStart, isStale } from './judge-errors.ts';
import { ReportQueue } from './report-queue.ts';
import { runningContext } from './running-context.ts';
import { settle } from './settle.ts';
import { StandStill } from './stand-still.ts';
import { taskContext, untilKnown } from './task-context.ts';

const PROGRESS_MS = 400;
const LOG_MS = 3_000;
/** How long the last of the logs may hold up the report of the end. */
const LAST_LOG_MS = 10_000;
const HASTY_LOG_MS = 2_000;
/** How long a workload's `watch` may take to return once it is told to. */
const WATCH_END_MS = 10_000;
const STOP_RETRY_MS = 500;
/** A step that fails for no reason we know of is repeated so often, then the attempt is given up. */
const SURPRISES = 3;
const SURPRISE_PAUSE_MS = 1_000;

/**
 * One allocation on this node, from the accepted offer to the answered last report. It goes from step to step as its
 * journal says; when the agent dies, the next one reads the journal and repeats the step.
 */
export class Allocation {
  readonly #parts: AllocationParts;
  readonly #folders: AllocationFolders;
  readonly #book: AllocationBook;
  readonly #executor: AnyExecutor;
  readonly #execution: Execution;
  readonly #queue: ReportQueue;
  /** Whether it stands still. */
  readonly still: StandStill;
  readonly #logs: Pick<LogUpload, 'start' | 'finish' | 'close'>;
  readonly #progress: ProgressPace;
  readonly #log: Logger;
  /** Aborted when the agent lets go of the allocation; what runs goes on. */
  readonly #life = new AbortController();
  /** Aborted when what the agent itself does for it is of no use any more. */
  readonly #effort = new AbortController();
  #token: string;
  #touchedAt = 0;
  #running: Promise<void> | undefined;
  #finished = false;
  /** Called when the last report has been answered. */
  #answers: (() => void) | undefined;

  constructor(parts: AllocationParts, folders: AllocationFolders, book: AllocationBook) {
    const { offer } = book.facts;
    this.#parts = parts;
    this.#folders = folders;
    this.#book = book;
    this.#token = offer.token;
    this.#log = parts.log.child({ allocation: offer.allocation, kind: offer.kind });
    const executor = parts.executorOf(offer.kind) ?? unknownKind(offer.kind);
    this.#executor = executor;
    this.#execution = isHosted(executor)
      ? hostedExecution(executor, offer.allocation, folders, parts)
      : processExecution(executor, offer.allocation, folders, parts);
    this.still = new StandStill({
      book,
      execution: this.#execution,
      log: this.#log,
      told: () => this.#queue.kick(),
    });
    this.#queue = new ReportQueue({
      link: parts.link,
      clock: parts.clock,
      log: parts.log,
      source: {
        allocation: offer.allocation,
        fence: offer.fence,
        next: () => this.#nextReport(),
        answered: (seq, verdict) => this.#answered(seq, verdict),
      },
    });
    this.#logs = parts.local
      ? keptLogs
      : new LogUpload({
          http: parts.http,
          clock: parts.clock,
          log: this.#log,
          logs: folders.logs,
          base: this.#base,
          token: () => this.#token,
          everyMs: LOG_MS,
        });
    this.#progress = new ProgressPace(PROGRESS_MS, parts.clock.after, (progress) =>
      parts.link.send('progress', { ...this.ref, progress }),
    );
  }

  get ref(): { readonly allocation: string; readonly fence: number } {
    const { allocation, fence } = this.#facts.offer;
    return { allocation, fence };
  }

  get offer(): Offer {
    return this.#facts.offer;
  }

  get step(): AllocationStep {
    return stepOf(this.#facts);
  }

  get folders(): AllocationFolders {
    return this.#folders;
  }

  /** For heartbeats. */
  get shown(): { readonly state: AllocationState; readonly seq: number } {
    return { state: shownState(this.#facts), seq: this.#facts.lastSeq };
  }

  /** Begins, or goes on where an earlier agent left it. Resolves when nothing of it is left, or it was let go. */
  start(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  /** True once nothing of it is left on this node. */
  get finished(): boolean {
    return this.#finished;
  }

  /** The link is back, or there may be something to tell. */
  kick(): void {
    this.#queue.kick();
  }

  renewToken(token: string): void {
    this.#token = token;
  }

  /** Ends the work because somebody asked. Resolves when that is written down and the process was told. */
  async stop(why: StopWhy, graceMs: number): Promise<void> {
    const facts = this.#facts;
    if (facts.state === 'ended') return;
    await this.#book.record(() => ({ r: 'stop', why, graceMs }));
    // Finished work that only has to be brought away is not thrown away to make room.
    if (!isGentle(why)) this.#effort.abort(new Error(`Stopped: ${why}.`));
    else if (!facts.started) this.#effort.abort(new Error(`Stopped: ${why}.`));
    await this.#end(graceMs);
  }

  /** The control plane will never hear of it again: what runs is ended, and what waits to be told is dropped. */
  async abandon(): Promise<void> {
    await this.#answered(this.#facts.lastSeq, 'stale');
  }

  /** Ends the attempt with a failure that the agent has found. */
  async doom(failure: Failure): Promise<void> {
    if (this.#facts.state === 'ended' || this.#facts.ending) return;
    await this.#book.record(() => ({ r: 'doomed', failure }));
    this.#effort.abort(new Error(failure.reason.message));
    await this.#end(this.offer.limits.stopGraceMs);
  }

  /** As far as the room that it takes goes. */
  get here(): WorkHere {
    return workHere(this.#facts);
  }

  /** A workload's request from the control plane. @throws allocation_not_here, call_not_understood, what the executor throws */
  async call(call: Call): Promise<unknown> {
    if (this.step !== 'running') {
      throw new BacklotError(linkErrors.allocation_not_here, { params: { allocation: call.allocation } });
    }
    if (!isHosted(this.#executor) && !this.#executor.call) {
      throw new BacklotError(linkErrors.call_not_understood, { params: { method: call.method } });
    }
    return this.#execution.call(this.#whileRunning(AbortSignal.timeout(call.deadlineMs)), call);
  }

  /**
   * Files that stay here, and facts: from a host, or from whoever follows the process. Taken for as long as anything of it
   * is here, whatever has become of its place: they are true. @throws what is wrong with them, or that the agent lets go
   */
  report(report: Report): Promise<void> {
    const { allocation, fence, task } = this.offer;
    const finder = { allocation, fence, task, workDir: this.#folders.work };
    return this.#parts.findings.report(finder, report, this.#life.signal);
  }

  /** A word of progress from a host. */
  said(progress: Progress): void {
    this.#progress.say(progress);
  }

  /** Lets go: what runs goes on, and the next agent adopts it. */
  async close(): Promise<void> {
    this.#life.abort(new Error('The agent lets go.'));
    this.#effort.abort(this.#life.signal.reason);
    this.#queue.close();
    this.#logs.close();
    this.#progress.close();
    await this.#running?.catch(() => undefined);
    await this.#book.close();
  }

  get #facts(): AllocationFacts {
    return this.#book.facts;
  }

  /** What is recorded is worth closing cleanly, whoever records it by now; everything else is of no use any more. */
  get #staleGraceMs(): number {
    return this.offer.class === 'live' ? this.offer.limits.stopGraceMs : 0;
  }

  get #base(): string {
    return `/api/v1/node/allocations/${this.#facts.offer.allocation}`;
  }

  async #run(): Promise<void> {
    this.#queue.kick();
    for (let surprises = 0; ; ) {
      const step = this.step;
      this.#observe(step);
      if (step === 'done') break;
      try {
        await this.#take(step);
        if (this.step !== step) surprises = 0;
      } catch (error) {
        if (this.#life.signal.aborted) return;
        surprises += 1;
        this.#log.error({ err: error, step, surprises }, 'a step of an allocation failed unexpectedly');
        const failure = agentFailure('product', 'attempt.product', { reason: wordsOf(error) });
        if (surprises >= SURPRISES) await this.doom(failure).catch(() => undefined);
        await this.#parts.clock
          .sleep(SURPRISE_PAUSE_MS * surprises, this.#life.signal)
          .catch(() => undefined);
      }
      if (this.#life.signal.aborted) return;
    }
    await this.#leave();
  }

  #take(step: Exclude<AllocationStep, 'done'>): Promise<void> {
    switch (step) {
      case 'preparing':
        return this.#prepare();
      case 'running':
        return this.#accompany();
      case 'concluding':
        return this.#conclude();
      case 'uploading':
        return this.#upload();
      case 'reporting':
        return this.#awaitAnswers();
    }
  }

  async #prepare(): Promise<void> {
    const execution = this.#execution;
    // An earlier agent may have died between starting it and writing that down; nothing may be touched then.
    if ((await execution.recover()) !== 'never-started') return this.#book.record(() => ({ r: 'started' }));
    await this.#tell(() => this.#book.reached('preparing'));
    try {
      await untilKnown(this.offer, this.#parts, this.#effort.signal);
      const context = this.#context(this.#effort.signal);
      await makeWorkFolders(this.#folders);
      await fetchInputs(this.offer.inputs, this.#folders.inputs, {
        cache: this.#parts.inputs,
        source: { path: (digest) => `${this.#base}/inputs/${digest}`, token: () => this.#token },
        signal: this.#effort.signal,
      });
      this.#effort.signal.throwIfAborted();
      await execution.start(context);
      await this.#book.record(() => ({ r: 'started' }));
    } catch (error) {
      if (this.#effort.signal.aborted) return;
      this.#log.info({ err: error }, 'the attempt ended before its process began');
      await this.doom(failureOfStart(error));
    }
  }

  /** From the start of the process to its end. */
  async #accompany(): Promise<void> {
    const execution = this.#execution;
    const { stop, doom, stale } = this.#facts;
    if (this.#facts.state !== 'frozen') await this.#tell(() => this.#book.reached('running'));
    const watching = new AbortController();
    const watch = this.#watch(watching.signal);
    this.#logs.start();
    if (stop || doom || stale) {
      void this.#end(stale ? this.#staleGraceMs : (stop?.graceMs ?? this.offer.limits.stopGraceMs));
    } else void this.still.resume().catch((error: unknown) => this.#log.warn({ err: error }, 'not frozen'));
    try {
      const exit = await execution.wait(this.#life.signal);
      watching.abort(new Error('The process has ended.'));
      await settle(watch, this.#parts.clock, WATCH_END_MS);
      await this.#book.record(() => ({ r: 'exited', exit }));
    } finally {
      watching.abort(new Error('The agent lets go.'));
    }
  }

  /** Lets the workload follow its process. */
  async #watch(signal: AbortSignal): Promise<void> {
    const executor = this.#executor;
    if (isHosted(executor) || !executor.watch) return;
    const book = this.#book;
    const context: WatchContext<unknown> = {
      ...this.#whileRunning(signal),
      progress: (progress) => this.#heard(progress),
      commit: (outputs) => this.#commit(outputs),
      report: (report) => this.report(report),
      get committed() {
        return book.facts.committed;
      },
    };
    try {
      await executor.watch(context);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof TaskFailure) await this.doom(error.failure);
      else if (isStale(error)) await this.#suspectStale();
      else this.#log.warn({ err: error }, 'following the process failed; its end will be judged without it');
    }
  }

  #heard(progress: Progress): void {
    this.#progress.say(progress);
    const now = this.#parts.clock.monotonic();
    if (now - this.#touchedAt < 1_000) return;
    this.#touchedAt = now;
    this.#execution.touch().catch(() => undefined);
  }

  /** Brings finished outputs away and reports them; resolves when that is in the journal. */
  async #commit(files: readonly OutputFile[]): Promise<void> {
    await this.#tell(() => commitFiles(this.#book, this.#bringing, files));
  }

  async #conclude(): Promise<void> {
    const facts = this.#facts;
    // It may have come to run in the very moment in which it was called off.
    if (!facts.started && (await this.#execution.recover()) !== 'never-started') {
      return this.#book.record(() => ({ r: 'started' }));
    }
    if (asksWorkload(facts)) await untilKnown(this.offer, this.#parts, this.#effort.signal);
    const ending = await conclude(facts, {
      executor: this.#executor,
      context: (signal) => this.#context(signal),
      logs: this.#folders.logs,
      signal: this.#effort.signal,
      log: this.#log,
    });
    // Called off while it was judged: what is known now leads to another end.
    if (!ending) return;
    await this.#book.record(() => ({ r: 'concluded', ...ending }));
  }

  /** Brings away what the conclusion names, and reports the end. */
  async #upload(): Promise<void> {
    const last = await bringAway(this.#book, this.#bringing);
    if (!last) return;
    await this.#logs.finish(last.hasty ? HASTY_LOG_MS : LAST_LOG_MS);
    await this.#tell(() => reportEnd(this.#book, last));
  }

  /** Waits until the queue has told everything. */
  async #awaitAnswers(): Promise<void> {
    this.#queue.kick();
    await new Promise<void>((resolve) => {
      this.#answers = resolve;
      if (this.step !== 'reporting' || this.#life.signal.aborted) resolve();
      this.#life.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** Removes everything of it from this node. */
  async #leave(): Promise<void> {
    this.#queue.close();
    this.#logs.close();
    this.#progress.close();
    await giveBack(this.#execution).catch((error: unknown) =>
      this.#log.warn({ err: error }, 'not all of it could be given back'),
    );
    await this.#book.close();
    await rm(this.#folders.root, { recursive: true, force: true, maxRetries: 5 });
    this.#finished = true;
  }

  /** Goes on asking until the process is told; it may only just be starting. */
  async #end(graceMs: number): Promise<void> {
    const execution = this.#execution;
    while (this.#facts.started && !this.#facts.exit && !this.#life.signal.aborted) {
      try {
        return await execution.stop(graceMs);
      } catch (error) {
        this.#log.warn({ err: error }, 'the process could not be told to end; trying again');
        await this.#parts.clock.sleep(STOP_RETRY_MS, this.#life.signal).catch(() => undefined);
      }
    }
  }

  /** The control plane took bytes of ours for those of an older attempt; a report makes it say so, and note it. */
  async #suspectStale(): Promise<void> {
    await this.#tell(() => this.#book.report((facts) => ({ ...sameState(facts), outputs: [] })));
  }

  async #tell(write: () => Promise<void>): Promise<void> {
    await write();
    this.#queue.kick();
  }

  #nextReport() {
    const facts = this.#facts;
    if (facts.stale) return undefined;
    if (!facts.acceptAnswered) return 'accept';
    const [next] = facts.unanswered;
    // What it has found comes first: what follows from its end needs it. The post kicks when all of it is told.
    const early = next?.state === 'ended' && this.#parts.findings.pending(facts.offer.allocation);
    return early ? undefined : next;
  }

  async #answered(seq: number, verdict: Parameters<AllocationBook['answered']>[1]): Promise<void> {
    await this.#book.answered(seq, verdict);
    if (this.#facts.stale) {
      this.#log.warn({ seq }, 'this allocation was given to another attempt; its work is ended');
      this.#effort.abort(new Error('Its place was given to another attempt.'));
      void this.#end(this.#staleGraceMs);
    }
    if (this.step !== 'reporting') this.#answers?.();
  }

  #context(signal: AbortSignal): TaskContext<unknown> {
    return taskContext(this.offer, this.#executor, this.#folders, this.#parts, this.#log, signal);
  }

  #whileRunning(signal: AbortSignal) {
    return runningContext(this.#context(signal), this.#execution, this.#folders.logs);
  }

  get #bringing(): BringAwayParts {
    const { http, clock, random, local } = this.#parts;
    const log = this.#log;
    return {
      uploads: { http, clock, random, log, base: this.#base, token: () => this.#token },
      hold: (outputs) => this.report({ outputs }),
      holdAll: local ?? false,
      workDir: this.#folders.work,
      effort: this.#effort.signal,
      life: this.#life.signal,
      log,
    };
  }

  #observe(step: AllocationStep): void {
    try {
      this.#parts.observer?.(this.offer.allocation, step);
    } catch (error) {
      this.#log.warn({ err: error }, 'an observer failed');
    }
  }
}
