import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  Call,
  ControlMessages,
  NodeMessages,
  Offer,
  Progress,
  Reason,
  TaskClass,
} from '@backlot/contract';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { linkErrors } from '@backlot/contract/errors/link';
import { LogTail, type LogTailResult, logTailMethod } from '@backlot/contract/link/messages';
import { type PhraseParams, reason } from '@backlot/contract/phrase';
import { agentPhrases } from '@backlot/contract/phrases/agent';
import { admits } from '../disk/admission.ts';
import { diskSpace } from '../disk/disk-watch.ts';
import { nextToEnd, standsStill } from '../disk/make-way.ts';
import type { DriverHandle } from '../drivers/driver.ts';
import { logEnd, readLog } from '../logs/log-reader.ts';
import type { Report } from '../workload.ts';
import { Allocation } from './allocation.ts';
import { AllocationBook } from './allocation-book.ts';
import { allocationFolders, makeAllocationFolder } from './allocation-folder.ts';
import type { AllocationParts } from './allocation-parts.ts';
import { isHosted } from './execution.ts';
import { agentFailure, wordsOf } from './failures.ts';

export interface AllocationsParts extends Omit<AllocationParts, 'link'> {
  readonly link: AllocationParts['link'] & {
    send(
      type: 'accept' | 'reject' | 'progress',
      body: NodeMessages['accept'] | NodeMessages['reject'],
    ): boolean;
  };
  /** Folder of all allocations. */
  readonly folder: string;
}

/** What is told to end may take so much longer than its time, on a machine that is slow; milliseconds. */
const LAST_END_MS = 10_000;
const LOOK_MS = 20;

/** Bytes of a log in one answer; a message on the link has at most one mebibyte, and base64 takes a third more. */
const LOG_TAIL_BYTES = 512 * 1024;

/** Everything that runs on this node for the control plane: takes offers, adopts what an earlier agent left, and ends. */
export class Allocations {
  readonly #parts: AllocationsParts;
  readonly #all = new Map<string, Allocation>();
  /** Offers that are being written down. */
  readonly #beginning = new Set<string>();
  #stopping = false;

  constructor(parts: AllocationsParts) {
    this.#parts = parts;
  }

  /** Reads the journals of an earlier agent. Nothing of them goes on before `start`. */
  async adopt(): Promise<void> {
    const { folder, clock, log } = this.#parts;
    for (const id of await readdir(folder).catch(() => [])) {
      const folders = allocationFolders(folder, id);
      try {
        const book = await AllocationBook.resume(folders.journal, clock, log);
        if (book) this.#all.set(id, new Allocation(this.#parts, folders, book));
        // Its offer was never accepted, so nothing of it has ever run.
        else await rm(folders.root, { recursive: true, force: true });
      } catch (error) {
        log.error({ err: error, allocation: id }, 'an allocation of an earlier agent could not be read');
      }
    }
    if (this.#all.size > 0) log.info({ allocations: this.#all.size }, 'adopted the work of an earlier agent');
  }

  /** Handles of adopted work in hosts, which have to be found before it goes on. */
  hosted(handleOf: (id: string, folder: string) => DriverHandle): DriverHandle[] {
    return [...this.#all.values()].flatMap((allocation) => {
      const executor = this.#parts.executorOf(allocation.offer.kind);
      const { allocation: id } = allocation.ref;
      return executor && isHosted(executor) ? [handleOf(id, allocation.folders.root)] : [];
    });
  }

  /** Adopted work goes on. */
  start(): void {
    for (const allocation of this.#all.values()) this.#go(allocation);
  }

  /** Ids of everything that is here. */
  ids(): string[] {
    return [...this.#all.keys()];
  }

  get size(): number {
    return this.#all.size;
  }

  /** For heartbeats. */
  list(): NodeMessages['heartbeat']['allocations'] {
    return [...this.#all.values()].map((allocation) => ({ ...allocation.ref, ...allocation.shown }));
  }

  /** Takes work, or says why not. It is accepted when it is on the disk. */
  async offer(offer: Offer): Promise<void> {
    const { allocation, fence } = offer;
    const known = this.#all.get(allocation);
    if (known?.ref.fence === fence) {
      // Sent twice; the first answer may have been lost.
      this.#parts.link.send('accept', { allocation, fence });
      known.kick();
      return;
    }
    if (this.#beginning.has(allocation)) return;
    if (known) return this.#reject(offer, this.#why('reject.duplicate', { fence: known.ref.fence }));
    this.#beginning.add(allocation);
    try {
      const refusal = await this.#refusal(offer);
      if (refusal) this.#reject(offer, refusal);
      else await this.#begin(offer);
    } finally {
      this.#beginning.delete(allocation);
    }
  }

  async stop({ allocation, fence, why, graceMs }: ControlMessages['stop']): Promise<void> {
    await this.#find(allocation, fence)?.stop(why, graceMs);
  }

  async freeze({ allocation, fence }: ControlMessages['freeze']): Promise<void> {
    await this.#find(allocation, fence)?.still.ask('control');
  }

  async thaw({ allocation, fence }: ControlMessages['thaw']): Promise<void> {
    await this.#find(allocation, fence)?.still.release('control');
  }

  renewToken({ allocation, fence, token }: ControlMessages['token']): void {
    this.#find(allocation, fence)?.renewToken(token);
  }

  /** @throws allocation_not_here, call_not_understood, and what the workload throws */
  async call(call: Call): Promise<unknown> {
    if (call.method === logTailMethod) return this.#logTail(call);
    const found = this.#all.get(call.allocation);
    if (!found)
      throw new BacklotError(linkErrors.allocation_not_here, { params: { allocation: call.allocation } });
    return found.call(call);
  }

  /** Files and facts from a host. @throws allocation_not_here, and what is wrong with them */
  async reported(allocation: string, report: Report): Promise<void> {
    const found = this.#all.get(allocation);
    if (!found) throw new BacklotError(linkErrors.allocation_not_here, { params: { allocation } });
    await found.report(report);
  }

  /** The offer of an allocation that is here. */
  offerOf(allocation: string): Offer | undefined {
    return this.#all.get(allocation)?.offer;
  }

  /** Everything that an allocation has found has been told. */
  told(allocation: string): void {
    this.#all.get(allocation)?.kick();
  }

  /** Whether something that is here has these bytes as an input. */
  needs(digest: string): boolean {
    for (const { offer, step } of this.#all.values()) {
      if (step !== 'reporting' && offer.inputs.some((input) => input.digest === digest)) return true;
    }
    return false;
  }

  /** A word of progress from a host. */
  said(allocation: string, progress: Progress): void {
    this.#all.get(allocation)?.said(progress);
  }

  /**
   * The link is up, and this is what the control plane believes to run here. What it doesn't know is not ours any
   * more; what waits only for its last report to be answered tells it first.
   */
  linkUp(believed: ControlMessages['welcome']['allocations']): void {
    const fences = new Map(believed.map(({ allocation, fence }) => [allocation, fence]));
    for (const allocation of this.#all.values()) {
      const { allocation: id, fence } = allocation.ref;
      if (fences.get(id) !== fence && allocation.step !== 'reporting') this.#end(allocation, 'stale', 0);
      allocation.kick();
    }
  }

  /**
   * The lease could not be renewed for `silentMs`. Work of these classes may have been given to others by now and is
   * ended; live work goes on, because two recordings are better than none.
   */
  async fence(
    silentMs: number,
    limits: { readonly interactive: number; readonly batch: number },
  ): Promise<void> {
    const due = (taskClass: TaskClass) => taskClass !== 'live' && silentMs >= limits[taskClass];
    const seconds = Math.round(silentMs / 1000);
    for (const allocation of this.#all.values()) {
      if (!due(allocation.offer.class) || allocation.step === 'reporting') continue;
      await allocation.doom(agentFailure('node', 'attempt.lease_lost', { seconds }));
    }
  }

  /**
   * The disk is nearly full: what writes and can wait stands still; or there is room again, and it goes on. Said at each
   * look: some has come meanwhile, and what could not be done is tried again.
   */
  async pace(roomy: boolean): Promise<void> {
    const all = [...this.#all.values()];
    const turns = roomy
      ? all.map((allocation) => allocation.still.release('disk'))
      : all.filter(({ here }) => standsStill(here)).map((allocation) => allocation.still.ask('disk'));
    for (const turn of await Promise.allSettled(turns)) {
      // Ended in this very moment, as a rule.
      if (turn.status === 'rejected')
        this.#parts.log.warn({ err: turn.reason, roomy }, 'not paused, or not resumed');
    }
  }

  /** The disk is full: ends the batch work that is missed least. */
  async relieve(free: number): Promise<void> {
    const all = [...this.#all.values()].map((allocation) => ({ ...allocation.here, allocation }));
    await nextToEnd(all, free)?.allocation.doom(agentFailure('node', 'attempt.disk_full', { free }));
  }

  /** All work ends, and nothing is told any more: this node was removed. */
  endAll(): void {
    for (const allocation of this.#all.values()) {
      allocation
        .abandon()
        .catch((error: unknown) => this.#parts.log.warn({ err: error, ...allocation.ref }, 'not ended'));
    }
  }

  /** Takes nothing new from now on. */
  refuseNew(): void {
    this.#stopping = true;
  }

  /**
   * `keep` lets go of everything, to be adopted; `end` ends it first and reports it. Reports have `graceMs`; what could not be
   * told then, the next agent tells. That nothing runs any more is waited for beyond that: a machine that is too slow to be told
   * of an end in time must not go on working for nobody.
   */
  async close(work: 'keep' | 'end', graceMs: number): Promise<void> {
    this.#stopping = true;
    const { clock, log } = this.#parts;
    if (work === 'end') {
      // A part of the time is for killing and reporting.
      const patience = Math.max(0, Math.min(graceMs / 2, graceMs - 2_000));
      const all = [...this.#all.values()];
      for (const allocation of all) {
        const ms = Math.min(patience, allocation.offer.limits.stopGraceMs);
        allocation.stop('drained', ms).catch((error: unknown) => log.warn({ err: error }, 'not ended'));
      }
      const gone = Promise.all(all.map((allocation) => allocation.start()));
      const limit = new AbortController();
      await Promise.race([gone, clock.sleep(graceMs, limit.signal).catch(() => undefined)]);
      limit.abort();
      const runs = () => all.filter(({ step }) => step === 'preparing' || step === 'running');
      for (const until = clock.monotonic() + LAST_END_MS; runs().length > 0 && clock.monotonic() < until; )
        await clock.sleep(LOOK_MS);
      for (const { ref } of runs()) log.error(ref, 'this did not end in time');
    }
    await Promise.all([...this.#all.values()].map((allocation) => allocation.close()));
  }

  #find(id: string, fence: number): Allocation | undefined {
    const found = this.#all.get(id);
    return found?.ref.fence === fence ? found : undefined;
  }

  async #begin(offer: Offer): Promise<void> {
    const { clock, log } = this.#parts;
    const folders = allocationFolders(this.#parts.folder, offer.allocation);
    let book: AllocationBook;
    try {
      await makeAllocationFolder(folders);
      book = await AllocationBook.begin(folders.journal, offer, clock, log);
    } catch (error) {
      await rm(folders.root, { recursive: true, force: true }).catch(() => undefined);
      this.#reject(offer, this.#why('reject.not_recorded', { reason: wordsOf(error) }));
      return;
    }
    const allocation = new Allocation(this.#parts, folders, book);
    this.#all.set(offer.allocation, allocation);
    log.info(
      { allocation: offer.allocation, kind: offer.kind, attempt: offer.attempt },
      'accepted an allocation',
    );
    this.#go(allocation);
  }

  #go(allocation: Allocation): void {
    const { allocation: id } = allocation.ref;
    allocation
      .start()
      .catch((error: unknown) =>
        this.#parts.log.error({ err: error, allocation: id }, 'an allocation broke off'),
      )
      .finally(() => {
        if (allocation.finished) this.#all.delete(id);
      });
  }

  #end(allocation: Allocation, why: 'stale', graceMs: number): void {
    allocation
      .stop(why, graceMs)
      .catch((error: unknown) => this.#parts.log.warn({ err: error, ...allocation.ref }, 'not ended'));
  }

  async #refusal(offer: Offer): Promise<Reason | undefined> {
    if (this.#stopping) return this.#why('reject.stopping');
    if (!this.#parts.executorOf(offer.kind)) return this.#why('reject.kind_unknown', { kind: offer.kind });
    let wanted = offer.resources.disk;
    for (const input of offer.inputs) if (!(await this.#parts.inputs.has(input))) wanted += input.size;
    const promised = [...this.#all.values()].reduce((sum, { offer: other }) => sum + other.resources.disk, 0);
    const space = await diskSpace(this.#parts.folder);
    const { ok, needed } = admits(space, promised, wanted, offer.class);
    return ok ? undefined : this.#why('reject.disk_full', { free: space.free, needed });
  }

  #reject({ allocation, fence }: Offer, why: Reason): void {
    this.#parts.log.info({ allocation, why: why.code }, 'refused an offer');
    this.#parts.link.send('reject', { allocation, fence, reason: why });
  }

  #why(code: keyof typeof agentPhrases & string, params: PhraseParams = {}): Reason {
    return reason(agentPhrases, code, params);
  }

  async #logTail(call: Call): Promise<LogTailResult> {
    const { allocation, fence, stream, from } = LogTail.parse(call.payload);
    const found = this.#find(allocation, fence);
    if (!found) throw new BacklotError(linkErrors.allocation_not_here, { params: { allocation } });
    const { logs } = found.folders;
    const range = await readLog(logs, stream, from, LOG_TAIL_BYTES);
    return {
      position: range.start,
      data: range.bytes.toString('base64'),
      size: Math.max(range.end, await logEnd(logs, stream)),
    };
  }
}

/** Where the allocations of a node are. */
export function allocationsFolder(dataDir: string): string {
  return join(dataDir, 'allocations');
}
