import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Capability } from '@backlot/contract/capability';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import { nodeErrors } from '@backlot/contract/errors/node';
import type { HostEvent, HostState } from '@backlot/contract/host/protocol';
import type { DiskState, Progress } from '@backlot/contract/link/messages';
import { ExitFile } from '@backlot/contract/runner/files';
import type { Logger } from 'pino';
import { plainOutput } from '../allocations/facts.ts';
import type { Driver, DriverHandle, Recovery } from '../drivers/driver.ts';
import { exitFile, inFolder, readJson, writeJson } from '../runner/files.ts';
import type { HostDefinition, Report } from '../workload.ts';
import type { Host } from './host.ts';
import { HostKeeper } from './host-keeper.ts';
import { type HostEnd, type HostedStart, lostExit, toldExit, vanishedExit } from './hosted-exit.ts';

/** Written into an allocation's folder before its host hears of it. */
const hostedFile = 'hosted.json';
/** Between two tries to start a host anew, and to write down what one reports. Milliseconds. */
const againMs = 500;
/** A request to stop waits so long for an allocation that is just being started anew. Milliseconds. */
const revivalMs = 15_000;
/** How long after its grace an allocation may take to end, until it is given up with its host. Milliseconds. */
const overdueMs = 2_000;

interface HostedFile {
  readonly allocation: string;
  readonly kind: string;
  readonly startedAt: string;
  /** How to start it once more; only of hosts that are revived. */
  readonly again?: Pick<HostedSpec, 'input' | 'workDir' | 'inputsDir'>;
}

/** What is to run in a host. */
export interface HostedSpec {
  readonly id: string;
  readonly kind: string;
  readonly input: Record<string, unknown>;
  readonly workDir: string;
  readonly inputsDir: string;
}

export interface HostsParts {
  readonly driver: Driver;
  readonly clock: Clock;
  readonly log: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  /** Folder of all hosts. */
  readonly folder: string;
  readonly definitions: Readonly<Record<string, HostDefinition>>;
  readonly capabilities: () => readonly Capability[];
  /** Variables that every host is started with, beside those of its launch. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly onProgress?: (allocation: string, progress: Progress) => void;
  readonly onNotify?: (allocation: string, method: string, payload: unknown) => void;
  /** Resolves when it is written down; rejects with a `BacklotError` when it can't be told. */
  readonly onReport?: (allocation: string, report: Report) => Promise<void>;
  /** How full the disk is; hosts hear it when they are attached, and by `tellDisk`. */
  readonly disk?: () => DiskState;
}

/**
 * Allocations that run inside resident hosts. The same words as for those with a process of their own: start, recover,
 * wait, stop, destroy, by a plain handle; and the same promises, above all that an end is told once and survives everyone.
 */
export class Hosts {
  readonly #parts: HostsParts;
  readonly #keepers = new Map<string, HostKeeper>();
  /** Folders of the allocations whose end is not written yet, by id. */
  readonly #open = new Map<string, string>();
  /** Ids of the allocations that a host is just being asked to start. */
  readonly #starting = new Set<string>();
  readonly #waiting = new Map<string, Set<() => void>>();
  /** Allocations that are being started anew, because their host has died. */
  readonly #revivals = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();

  constructor(parts: HostsParts) {
    this.#parts = parts;
    for (const [kind, definition] of Object.entries(parts.definitions)) {
      const folder = join(parts.folder, kind);
      mkdirSync(folder, { recursive: true, mode: 0o750 });
      this.#keepers.set(
        kind,
        new HostKeeper({
          ...parts,
          definition,
          folder,
          onEvent: (host, event) => this.#heard(host, event),
          onState: (host, state) => this.#attached(host, state),
          onLost: (allocations, end) => this.#lost(allocations, end),
        }),
      );
    }
  }

  /**
   * Attaches to the hosts of an earlier agent. Call it before anything else, with the handles of all hosted allocations
   * in the journal: what has ended meanwhile is written down at once.
   */
  async open(handles: readonly DriverHandle[]): Promise<void> {
    for (const { id, folder } of handles) {
      if (this.#readHosted(folder) && !this.#readExit(folder)) this.#open.set(id, folder);
    }
    for (const keeper of this.#keepers.values()) await keeper.find();
    for (const { id, folder } of handles) await this.recover(this.handleOf(id, folder));
  }

  handleOf(id: string, folder: string): DriverHandle {
    return { driver: 'host', id, folder };
  }

  /** Starts an allocation in a host of its kind. Once for each folder, however often it is called. */
  async start(spec: HostedSpec, folder: string): Promise<DriverHandle> {
    const handle = this.handleOf(spec.id, folder);
    if ((await this.recover(handle)) !== 'never-started') return handle;
    const keeper = this.#keeper(spec.kind);
    const { clock } = this.#parts;
    const hosted: HostedFile = {
      allocation: spec.id,
      kind: spec.kind,
      startedAt: new Date(clock.now()).toISOString(),
      ...(keeper.revives
        ? { again: { input: spec.input, workDir: spec.workDir, inputsDir: spec.inputsDir } }
        : {}),
    };
    writeJson(inFolder(folder, hostedFile), hosted);
    this.#open.set(spec.id, folder);
    this.#starting.add(spec.id);
    const { id: allocation, input, workDir, inputsDir } = spec;
    try {
      await keeper.take({ t: 'start', allocation, input, workDir, inputsDir });
    } catch (error) {
      // If the host has begun all the same, it is told to end it as soon as it is heard of again; see `#attached`.
      this.#open.delete(spec.id);
      rmSync(inFolder(folder, hostedFile), { force: true });
      throw error;
    } finally {
      this.#starting.delete(spec.id);
    }
    return handle;
  }

  /** How an allocation stands. One whose host is gone has ended with it. */
  async recover(handle: DriverHandle): Promise<Recovery> {
    const { id, folder } = handle;
    if (this.#readExit(folder)) return 'ended';
    const hosted = this.#readHosted(folder);
    if (!hosted) return 'never-started';
    const keeper = this.#keeper(hosted.kind);
    if (this.#starting.has(id) || this.#revivals.has(id) || keeper.hostOf(id)) return 'running';
    if (hosted.again && keeper.mayRevive) {
      this.#open.set(id, folder);
      this.#revive(id, hosted, () => this.#write(id, (start) => vanishedExit(start, hosted.kind)));
      return 'running';
    }
    // The agent was killed between writing the file and starting, or the host has ended since: nobody can tell which.
    this.#open.set(id, folder);
    this.#write(id, (start) => vanishedExit(start, hosted.kind));
    return 'ended';
  }

  /** The end of an allocation, with the host's result in it. */
  async wait(handle: DriverHandle, signal: AbortSignal): Promise<ExitFile> {
    for (;;) {
      signal.throwIfAborted();
      const exit = this.#readExit(handle.folder);
      if (exit) return exit;
      await this.#nextEnd(handle.id, signal);
    }
  }

  /** Asks an allocation to end. One that doesn't is given up: its host takes nothing new and is ended when it is empty. */
  async stop(handle: DriverHandle, graceMs: number): Promise<void> {
    const hosted = this.#readHosted(handle.folder);
    if (!hosted || this.#readExit(handle.folder)) return;
    await this.#revived(handle.id);
    const host = this.#keeper(hosted.kind).hostOf(handle.id);
    if (!host) return;
    const { clock, log } = this.#parts;
    clock.after(graceMs + overdueMs, () => {
      if (!host.running.has(handle.id)) return;
      // The other allocations in it are not to blame, so it isn't killed while they are there.
      log.warn(
        { host: host.id, allocation: handle.id },
        'an allocation did not end in its host, which is retired',
      );
      host.retire();
      const message = 'The host did not confirm the end; it is ended as soon as it is empty.';
      this.#finish(host, handle.id, (start) =>
        toldExit(start, { outcome: 'stopped', result: null, message }),
      );
    });
    await host.request({ t: 'stop', allocation: handle.id, graceMs }, Math.max(5_000, graceMs));
  }

  /** A request to a running allocation. Throws `host_unavailable`, `host_refused` or `timed_out`. */
  async call(
    handle: DriverHandle,
    method: string,
    payload: unknown,
    deadlineMs: number,
    traceparent?: string,
  ): Promise<unknown> {
    const kind = this.#readHosted(handle.folder)?.kind;
    const host = kind === undefined ? undefined : this.#keeper(kind).hostOf(handle.id);
    if (!host) {
      const params = {
        host: kind ?? '?',
        reason: `the allocation ${handle.id} does not run in it`,
        seconds: 1,
      };
      throw new BacklotError(nodeErrors.host_unavailable, { params });
    }
    return await host.request(
      { t: 'call', allocation: handle.id, method, payload: payload ?? null, traceparent },
      deadlineMs,
    );
  }

  /** Lets the host forget an allocation whose end has been reported. */
  async destroy(handle: DriverHandle): Promise<void> {
    const hosted = this.#readHosted(handle.folder);
    this.#open.delete(handle.id);
    if (!hosted) return;
    const order = { t: 'forget', allocation: handle.id } as const;
    for (const host of this.#keeper(hosted.kind).hosts) await host.request(order, 5_000).catch(() => {});
  }

  /** Lets go of all hosts (`keep`), or ends them with what runs in them (`end`). */
  async close(work: 'keep' | 'end', graceMs = 5_000): Promise<void> {
    this.#closing.abort(new Error('The agent lets go of its hosts.'));
    await Promise.all(this.#revivals.values());
    for (const keeper of this.#keepers.values()) {
      if (work === 'keep') keeper.detach();
      else await keeper.stop(graceMs);
    }
  }

  /** Says to all hosts how full the disk is. */
  tellDisk(): void {
    for (const keeper of this.#keepers.values()) for (const host of keeper.hosts) this.#tellDisk(host);
  }

  /** Ids of the hosts that run; what carries their marks is no stray. */
  hostIds(): string[] {
    return [...this.#keepers.values()].flatMap((keeper) => keeper.hosts.map(({ id }) => id));
  }

  #keeper(kind: string): HostKeeper {
    const keeper = this.#keepers.get(kind);
    if (!keeper) throw new BacklotError(kernelErrors.not_found, { params: { what: 'host', id: kind } });
    return keeper;
  }

  #heard(host: Host, event: HostEvent): void {
    const { onProgress, onNotify } = this.#parts;
    if (event.event === 'ended') this.#finish(host, event.allocation, (start) => toldExit(start, event.end));
    else if (event.event === 'progress') onProgress?.(event.allocation, event.progress);
    else if (event.event === 'report') void this.#note(host, event);
    else onNotify?.(event.allocation, event.method, event.payload);
  }

  /** Has a report written down, and says so. What is not answered is repeated by the host to the next agent. */
  async #note(host: Host, event: Extract<HostEvent, { event: 'report' }>): Promise<void> {
    const { allocation, report } = event;
    const outcome = await this.#take(event);
    if (outcome === 'later') return;
    const refused = outcome === 'noted' ? {} : { refused: outcome.refused.slice(0, 2_000) };
    await host.request({ t: 'noted', allocation, report, ...refused }, 5_000).catch(() => {});
  }

  async #take({
    allocation,
    outputs,
    events,
  }: Extract<HostEvent, { event: 'report' }>): Promise<'noted' | 'later' | { readonly refused: string }> {
    const { onReport, clock, log } = this.#parts;
    if (!onReport) return { refused: 'Nobody takes reports here.' };
    for (;;) {
      try {
        await onReport(allocation, { outputs: outputs.map(plainOutput), events });
        return 'noted';
      } catch (error) {
        if (this.#closing.signal.aborted) return 'later';
        if (error instanceof BacklotError) {
          log.warn({ err: error, allocation }, 'a report of a host is refused');
          return { refused: error.message };
        }
        log.error({ err: error, allocation }, 'a report of a host could not be written down; trying again');
        await clock.sleep(againMs, this.#closing.signal).catch(() => undefined);
        if (this.#closing.signal.aborted) return 'later';
      }
    }
  }

  #tellDisk(host: Host): void {
    const state = this.#parts.disk?.();
    if (state !== undefined && host.understands('disk')) {
      void host.request({ t: 'disk', state }, 5_000).catch(() => {});
    }
  }

  #attached(host: Host, state: HostState): void {
    this.#tellDisk(host);
    for (const { allocation, end } of state.allocations) {
      if (end) this.#finish(host, allocation, (start) => toldExit(start, end));
      // Its start was given up, or reported lost: nobody wants it any more.
      else if (!this.#open.has(allocation)) {
        void host.request({ t: 'stop', allocation, graceMs: 0 }, 5_000).catch(() => {});
      }
    }
  }

  #lost(allocations: readonly string[], end: HostEnd): void {
    for (const allocation of allocations) {
      const giveUp = () => this.#write(allocation, (start) => lostExit(start, end));
      const folder = this.#open.get(allocation);
      const hosted = folder === undefined ? undefined : this.#readHosted(folder);
      if (hosted?.again && !end.asked && this.#keeper(end.kind).mayRevive) {
        this.#revive(allocation, hosted, giveUp);
      } else {
        giveUp();
      }
    }
  }

  /** Starts an allocation once more, in the same folder. @param giveUp writes its end, when its host keeps dying */
  #revive(allocation: string, { kind, again }: HostedFile, giveUp: () => void): void {
    if (!again || this.#revivals.has(allocation) || this.#closing.signal.aborted) return;
    const { clock, log } = this.#parts;
    const keeper = this.#keeper(kind);
    const { signal } = this.#closing;
    const revive = async () => {
      while (keeper.mayRevive && !signal.aborted) {
        try {
          await keeper.take({ t: 'start', allocation, ...again });
          log.info({ allocation, kind }, 'an allocation goes on in a new host');
          return;
        } catch (error) {
          log.warn({ err: error, allocation, kind }, 'an allocation could not be started anew; trying again');
          await clock.sleep(againMs, signal).catch(() => undefined);
        }
      }
      if (!signal.aborted) giveUp();
    };
    const revival = revive().finally(() => {
      this.#revivals.delete(allocation);
      // Its host may have died again before this was over.
      if (this.#open.has(allocation) && !signal.aborted && !keeper.hostOf(allocation)) {
        this.#revive(allocation, { kind, again, allocation, startedAt: '' }, giveUp);
      }
    });
    this.#revivals.set(allocation, revival);
  }

  async #revived(allocation: string): Promise<void> {
    const revival = this.#revivals.get(allocation);
    if (!revival) return;
    const limit = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(revivalMs)]);
    await Promise.race([
      revival,
      new Promise<void>((resolve) => limit.addEventListener('abort', () => resolve(), { once: true })),
    ]);
  }

  #finish(host: Host, allocation: string, make: (start: HostedStart) => ExitFile): void {
    host.drop(allocation);
    const wanted = this.#open.has(allocation);
    this.#write(allocation, make);
    if (!wanted) void host.request({ t: 'forget', allocation }, 5_000).catch(() => {});
  }

  /** Writes the end of an allocation, unless it has one, and wakes up who waits for it. */
  #write(allocation: string, make: (start: HostedStart) => ExitFile): void {
    const folder = this.#open.get(allocation);
    const hosted = folder === undefined ? undefined : this.#readHosted(folder);
    if (folder === undefined || !hosted || this.#readExit(folder)) return;
    const start = { allocation, startedAt: hosted.startedAt, now: this.#parts.clock.now() };
    writeJson(inFolder(folder, exitFile), make(start));
    this.#open.delete(allocation);
    for (const wake of this.#waiting.get(allocation) ?? []) wake();
  }

  #nextEnd(id: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(id) ?? new Set();
      this.#waiting.set(id, waiting);
      const settle = (act: () => void) => {
        waiting.delete(wake);
        if (waiting.size === 0) this.#waiting.delete(id);
        signal.removeEventListener('abort', onAbort);
        act();
      };
      const wake = () => settle(resolve);
      const onAbort = () => settle(() => reject(signal.reason));
      waiting.add(wake);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  #readHosted(folder: string): HostedFile | undefined {
    return readJson(inFolder(folder, hostedFile)) as HostedFile | undefined;
  }

  #readExit(folder: string): ExitFile | undefined {
    const file = readJson(inFolder(folder, exitFile));
    return file === undefined ? undefined : ExitFile.parse(file);
  }
}
