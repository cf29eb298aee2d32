import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Capability } from '@backlot/contract/capability';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { nodeErrors } from '@backlot/contract/errors/node';
import type { HostEvent, HostState } from '@backlot/contract/host/protocol';
import type { ExitFile } from '@backlot/contract/runner/files';
import { Host, type HostParts, socketOf, workDirOf } from './host.ts';
import type { HostOrder } from './host-connection.ts';
import type { HostEnd } from './hosted-exit.ts';
import { healthyAfterMs, judgeHost, mayRevive, restartPause } from './recycling.ts';

/** Between two decisions about idle and worn hosts, in milliseconds. */
const tidyMs = 1_000;
/** An allocation waits at most this long for a host that is pausing after a crash, in milliseconds. */
const longestWaitMs = 10_000;

export interface HostKeeperParts extends HostParts {
  /** Folder of the kind; each host has one inside. */
  readonly folder: string;
  readonly capabilities: () => readonly Capability[];
  /** In [0, 1). */
  readonly random: () => number;
  readonly onEvent: (host: Host, event: HostEvent) => void;
  readonly onState: (host: Host, state: HostState) => void;
  /** A host has ended with these allocations in it. */
  readonly onLost: (allocations: readonly string[], end: HostEnd) => void;
}

/** All hosts of one kind: started when needed, filled before another is started, recycled, started again after crashes. */
export class HostKeeper {
  readonly #parts: HostKeeperParts;
  readonly #hosts = new Map<string, Host>();
  #starting: Promise<void> | undefined;
  #crashes = 0;
  #notBefore = 0;
  /** When hosts that are revived have died; at most a handful. */
  #deaths: readonly number[] = [];
  #closed = false;
  #cancelTidy: () => void = () => {};

  constructor(parts: HostKeeperParts) {
    this.#parts = parts;
  }

  get hosts(): readonly Host[] {
    return [...this.#hosts.values()];
  }

  /** Its hosts are started anew with all that was in them. */
  get revives(): boolean {
    return this.#parts.definition.revive === true;
  }

  /** Whether what was in a host that has died is to be started anew now. */
  get mayRevive(): boolean {
    return this.revives && !this.#closed && mayRevive(this.#deaths, this.#parts.clock.monotonic());
  }

  /** The host in which an allocation runs. */
  hostOf(allocation: string): Host | undefined {
    return this.hosts.find((host) => host.running.has(allocation));
  }

  /** Finds the hosts that an earlier agent has left, and removes what is left of those that have ended. */
  async find(): Promise<void> {
    const ids = await readdir(this.#parts.folder).catch(() => []);
    for (const id of ids) {
      const host = this.#make(id);
      const recovery = await this.#parts.driver.recover(host.handle);
      if (recovery === 'running') {
        this.#hosts.set(id, host);
        await host.attach().catch((error: unknown) => {
          this.#parts.log.warn(
            { err: error, host: id },
            'a host of an earlier agent does not answer and is ended',
          );
        });
      } else {
        await host.remove();
      }
    }
    if (this.#hosts.size > 0) this.#tidyLater();
  }

  /** Puts an allocation into a host, starting one when none has room. */
  async take(order: Extract<HostOrder, { t: 'start' }>): Promise<Host> {
    for (;;) {
      const host = this.hosts.find((candidate) => candidate.hasRoom);
      if (host) {
        // Its place is taken at once, before anybody else can look.
        await host.take(order);
        // It may have been the last one that this host takes.
        this.#tidy();
        return host;
      }
      // One host is started at a time: whoever comes meanwhile shares it, if it has room.
      this.#starting ??= this.#start().finally(() => {
        this.#starting = undefined;
      });
      await this.#starting;
    }
  }

  /** Lets go of all hosts; they go on, for the next agent. */
  detach(): void {
    this.#closed = true;
    this.#cancelTidy();
    for (const host of this.#hosts.values()) host.detach();
    this.#hosts.clear();
  }

  /** Ends all hosts: asks what runs in them to end, then ends the processes. */
  async stop(graceMs: number): Promise<void> {
    this.#closed = true;
    this.#cancelTidy();
    await this.#starting?.catch(() => {});
    await Promise.all(this.hosts.map((host) => this.#stopHost(host, graceMs)));
  }

  async #stopHost(host: Host, graceMs: number): Promise<void> {
    const { clock } = this.#parts;
    for (const allocation of host.running) {
      void host.request({ t: 'stop', allocation, graceMs }, graceMs + 1_000).catch(() => {});
    }
    const until = clock.monotonic() + graceMs;
    while (host.running.size > 0 && this.#hosts.has(host.id) && clock.monotonic() < until)
      await clock.sleep(20);
    // A runner that is too busy to answer is asked again.
    let told = false;
    while (this.#hosts.has(host.id) && clock.monotonic() < until + graceMs + 5_000) {
      if (!told)
        told = await host.stop(graceMs).then(
          () => true,
          () => false,
        );
      await clock.sleep(20);
    }
  }

  async #start(): Promise<void> {
    const { clock, definition, driver, capabilities, log } = this.#parts;
    // What is revived waits for nobody, but not without end.
    const wait = this.mayRevive ? 0 : this.#notBefore - clock.monotonic();
    if (this.#closed || wait > longestWaitMs) {
      const reason = this.#closed ? 'the agent is ending' : `it has ended ${this.#crashes} times in a row`;
      const params = { host: definition.kind, reason, seconds: Math.ceil(Math.max(1_000, wait) / 1_000) };
      throw new BacklotError(nodeErrors.host_unavailable, { params });
    }
    if (wait > 0) await clock.sleep(wait);
    // Short, because a path to a socket must be; among a handful of hosts it is enough.
    const host = this.#make(randomBytes(4).toString('hex'));
    const { folder } = host.handle;
    const launch = await definition.launch({
      dir: workDirOf(folder),
      socket: socketOf(host.id, folder),
      capabilities: capabilities(),
    });
    this.#hosts.set(host.id, host);
    try {
      await host.start(launch);
    } catch (error) {
      // A host that did not even listen: `onEnd` counts those whose process ended, this counts the others.
      if ((await driver.recover(host.handle)) === 'never-started') {
        this.#hosts.delete(host.id);
        this.#countCrash();
        await host.remove();
      }
      throw error;
    }
    log.info({ host: host.id, kind: definition.kind }, 'a host has started');
    this.#tidyLater();
  }

  #make(id: string): Host {
    const { onEvent, onState } = this.#parts;
    const listener = { onEvent, onState, onEnd: (host: Host, exit: ExitFile) => this.#ended(host, exit) };
    return new Host(this.#parts, listener, id, join(this.#parts.folder, id));
  }

  #ended(host: Host, exit: ExitFile): void {
    const { log, definition, onLost } = this.#parts;
    const { kind, capacity } = definition;
    this.#hosts.delete(host.id);
    const asked = exit.cause === 'stopped' && !host.faulty;
    if (!asked) {
      if (exit.usage.wallMs >= healthyAfterMs) this.#crashes = 0;
      this.#countCrash();
      const { cause, code, signal } = exit;
      log.warn({ host: host.id, kind, cause, code, signal, lost: host.running.size }, 'a host has ended');
    }
    onLost([...host.running], { kind, capacity, exit, asked });
    void host.remove().catch((error: unknown) => {
      log.warn({ err: error, host: host.id }, 'a host left something behind');
    });
  }

  #countCrash(): void {
    this.#deaths = [...this.#deaths, this.#parts.clock.monotonic()].slice(-10);
    this.#crashes += 1;
    this.#notBefore = this.#parts.clock.monotonic() + restartPause(this.#crashes, this.#parts.random());
  }

  #tidyLater(): void {
    this.#cancelTidy();
    if (this.#closed || this.#hosts.size === 0) return;
    this.#cancelTidy = this.#parts.clock.after(tidyMs, () => this.#tidy());
  }

  /** Retires and stops hosts as their rules say. */
  #tidy(): void {
    for (const host of this.hosts) {
      if (!host.isReady) continue;
      const verdict = judgeHost(host.facts, this.#parts.definition);
      if (verdict === 'keep') continue;
      host.retire();
      if (verdict === 'stop') void host.stop().catch(() => {});
    }
    this.#tidyLater();
  }
}
