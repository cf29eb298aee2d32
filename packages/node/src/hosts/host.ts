import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { nodeErrors } from '@backlot/contract/errors/node';
import { type HostEvent, HostState, hostSocketVariable } from '@backlot/contract/host/protocol';
import type { ExitFile } from '@backlot/contract/runner/files';
import type { Logger } from 'pino';
import type { Driver, DriverHandle } from '../drivers/driver.ts';
import type { HostDefinition, Launch } from '../workload.ts';
import { HostConnection, type HostOrder } from './host-connection.ts';
import type { HostFacts } from './recycling.ts';

/** How long a host may take until it listens, in milliseconds. */
const startMs = 30_000;
/** Between two looks at a host's health, in milliseconds. */
export const healthMs = 5_000;
/** A connection that was lost is made again after this long, in milliseconds. */
const reconnectMs = 100;
/** How long a host has to end when it is asked to, in milliseconds. It is empty then, so it has nothing to save. */
const stopGraceMs = 5_000;

export interface HostParts {
  readonly driver: Driver;
  readonly clock: Clock;
  readonly log: Logger;
  readonly definition: HostDefinition;
  /** Variables beside those of the launch. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** What a host tells its keeper. */
export interface HostListener {
  /** An allocation in it has ended, progressed, or has something to say. */
  onEvent(host: Host, event: HostEvent): void;
  /** Attached (again): these run in it, or ended while nobody was listening. */
  onState(host: Host, state: HostState): void;
  /** The process has ended, for whatever reason, and everything in it. */
  onEnd(host: Host, exit: ExitFile): void;
}

/** One resident process: started or found again, listened to, looked after, ended. */
export class Host {
  readonly id: string;
  readonly handle: DriverHandle;
  readonly #parts: HostParts;
  readonly #listener: HostListener;
  readonly #socketPath: string;
  readonly #abort = new AbortController();
  readonly #startedAt: number;
  /** Ids of the allocations that run in it. */
  readonly running = new Set<string>();
  #connection: HostConnection | undefined;
  #features: readonly string[] = [];
  #idleSince: number;
  #startedAllocations = 0;
  #peakMemory = 0;
  #retired = false;
  #faulty = false;
  #isReady = false;
  #heardAt: number;
  #cancelHealth: () => void = () => {};

  constructor(parts: HostParts, listener: HostListener, id: string, folder: string) {
    this.id = id;
    this.#parts = parts;
    this.#listener = listener;
    this.handle = parts.driver.handleOf(id, folder);
    this.#socketPath = socketOf(id, folder);
    this.#startedAt = parts.clock.monotonic();
    this.#idleSince = this.#startedAt;
    this.#heardAt = this.#startedAt;
  }

  get facts(): HostFacts {
    return {
      now: this.#parts.clock.monotonic(),
      startedAt: this.#startedAt,
      idleSince: this.#idleSince,
      running: this.running.size,
      startedAllocations: this.#startedAllocations,
      peakMemory: this.#peakMemory,
      retired: this.#retired,
    };
  }

  /** Can take one more allocation, now. */
  get hasRoom(): boolean {
    return (
      this.#connection !== undefined && !this.#retired && this.running.size < this.#parts.definition.capacity
    );
  }

  /** Has come up. Until then nothing is decided about it: it is idle only because it could not be given anything yet. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether it can be asked this: one that an older agent has started may not know it. */
  understands(feature: string): boolean {
    return this.#features.includes(feature);
  }

  /** Had to be killed because it did not listen or did not answer. */
  get faulty(): boolean {
    return this.#faulty;
  }

  /** Starts the process and waits until it listens. */
  async start(launch: Launch): Promise<void> {
    const { driver, environment } = this.#parts;
    const workDir = workDirOf(this.handle.folder);
    mkdirSync(workDir, { recursive: true });
    await driver.start(
      {
        id: this.id,
        launch: { ...launch, env: { ...environment, ...launch.env, [hostSocketVariable]: this.#socketPath } },
        workDir,
        readOnly: [],
        limits: { stopGraceMs, ...launch.limits },
      },
      this.handle.folder,
    );
    await this.attach();
  }

  /** Connects to the process, which may just be starting, and begins to look after it. */
  async attach(): Promise<void> {
    const { driver, clock } = this.#parts;
    this.#follow(driver.wait(this.handle, this.#abort.signal));
    const until = clock.monotonic() + startMs;
    for (let pause = 5; ; pause = Math.min(pause * 2, 250)) {
      try {
        await this.#connect();
        break;
      } catch (error) {
        if (this.#abort.signal.aborted || clock.monotonic() >= until) {
          await this.#kill();
          const params = {
            host: this.#parts.definition.kind,
            reason: 'it does not listen on its socket',
            seconds: 5,
          };
          throw new BacklotError(nodeErrors.host_unavailable, { params, cause: error });
        }
        await clock.sleep(pause);
      }
    }
    this.#idleSince = clock.monotonic();
    this.#isReady = true;
    this.#lookAfter();
  }

  /** Takes an allocation in. The caller has seen that there is room. */
  async take(order: Extract<HostOrder, { t: 'start' }>): Promise<void> {
    this.running.add(order.allocation);
    this.#startedAllocations += 1;
    try {
      await this.request(order, startMs);
    } catch (error) {
      this.drop(order.allocation);
      throw error;
    }
  }

  /** The allocation has ended, or never began. */
  drop(allocation: string): void {
    if (this.running.delete(allocation)) this.#idleSince = this.#parts.clock.monotonic();
  }

  async request(order: HostOrder, deadlineMs: number): Promise<unknown> {
    if (!this.#connection) {
      const params = { host: this.#parts.definition.kind, reason: 'it is not connected', seconds: 1 };
      throw new BacklotError(nodeErrors.host_unavailable, { params });
    }
    return await this.#connection.request(order, deadlineMs);
  }

  /** Takes nothing new from now on. */
  retire(): void {
    this.#retired = true;
  }

  /** Ends the process. `onEnd` follows. */
  async stop(graceMs = stopGraceMs): Promise<void> {
    this.#retired = true;
    await this.#parts.driver.stop(this.handle, graceMs);
  }

  /** Lets go of the process, which goes on: the agent ends, another will attach. */
  detach(): void {
    this.#abort.abort(new Error('The agent has let go of its hosts.'));
    this.#cancelHealth();
    this.#connection?.close();
  }

  /** Removes what is left of a host that has ended. */
  async remove(): Promise<void> {
    await this.#parts.driver.destroy(this.handle);
    if (process.platform !== 'win32') await rm(this.#socketPath, { force: true });
    await rm(this.handle.folder, { recursive: true, force: true });
  }

  #follow(end: Promise<ExitFile>): void {
    end.then(
      (exit) => {
        this.#retired = true;
        this.detach();
        this.#listener.onEnd(this, exit);
      },
      (error: unknown) => {
        if (!this.#abort.signal.aborted)
          this.#parts.log.error({ err: error, host: this.id }, 'lost sight of a host');
      },
    );
  }

  async #connect(): Promise<void> {
    const { clock, definition } = this.#parts;
    this.#abort.signal.throwIfAborted();
    const connection = await HostConnection.open({
      kind: definition.kind,
      path: this.#socketPath,
      clock,
      onEvent: (event) => {
        this.#heardAt = clock.monotonic();
        this.#listener.onEvent(this, event);
      },
      onClose: () => {
        if (this.#connection !== connection) return;
        this.#connection = undefined;
        this.#lookAfter(reconnectMs);
      },
    });
    const state = HostState.parse(await connection.request({ t: 'attach', v: 1 }, startMs));
    this.#connection = connection;
    this.#features = state.features;
    this.#heardAt = clock.monotonic();
    for (const { allocation, end } of state.allocations) if (!end) this.running.add(allocation);
    this.#listener.onState(this, state);
  }

  /** Every few seconds: connected? answering? how large? */
  #lookAfter(inMs = healthMs): void {
    this.#cancelHealth();
    if (this.#abort.signal.aborted) return;
    this.#cancelHealth = this.#parts.clock.after(inMs, () => {
      void this.#examine().finally(() => this.#lookAfter());
    });
  }

  async #examine(): Promise<void> {
    const { clock, driver, definition, log } = this.#parts;
    try {
      if (!this.#connection) await this.#connect();
      await this.request({ t: 'ping' }, healthMs);
      this.#heardAt = clock.monotonic();
      const { usage } = await driver.stats(this.handle);
      this.#peakMemory = usage.peakMemory ?? this.#peakMemory;
    } catch {
      const silentMs = clock.monotonic() - this.#heardAt;
      if (definition.hungMs === undefined || silentMs < definition.hungMs || this.#abort.signal.aborted)
        return;
      log.warn({ host: this.id, kind: definition.kind, silentMs }, 'killing a host that does not answer');
      await this.#kill();
    }
  }

  async #kill(): Promise<void> {
    this.#faulty = true;
    await this.#parts.driver.stop(this.handle, 0).catch((error: unknown) => {
      this.#parts.log.warn({ err: error, host: this.id }, 'a host can’t be killed');
    });
  }
}

/** The folder that a host may write. */
export function workDirOf(folder: string): string {
  return join(folder, 'work');
}

/** A Unix socket's path has at most 107 bytes on Linux and 103 on macOS. */
const maxSocketPath = 100;

/**
 * Where a host listens: beside its other files, so that it is there in a sandbox too; in the system's folder for short
 * names when the data directory is so deep that its path would be too long; a pipe on Windows.
 */
export function socketOf(id: string, folder: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return `\\\\.\\pipe\\backlot-host-${id}`;
  const inside = join(workDirOf(folder), 'h.sock');
  if (Buffer.byteLength(inside) <= maxSocketPath) return inside;
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 24);
  return join(tmpdir(), `backlot-host-${name}.sock`);
}
