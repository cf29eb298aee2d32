import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '@backlot/contract/clock';
import type { BacklotError } from '@backlot/contract/errors/catalogue';
import { diskNoticeMethod } from '@backlot/contract/holdings';
import { hostControlVariable } from '@backlot/contract/host/protocol';
import { newId } from '@backlot/contract/id';
import { noTracer, type Tracer } from '@backlot/contract/trace/tracer';
import type { Logger } from 'pino';
import packageFile from '../../package.json' with { type: 'json' };
import { Allocations, type AllocationsParts, allocationsFolder } from '../allocations/allocations.ts';
import type { AllocationStep } from '../allocations/facts.ts';
import { type Deputy, deputyCalls } from '../deputy/deputy.ts';
import { type AloneOptions, openDeputy } from '../deputy/open-deputy.ts';
import { DiskWatch, diskSpace } from '../disk/disk-watch.ts';
import { roomToStart } from '../disk/room-to-start.ts';
import { openMachine } from '../drivers/machine.ts';
import { FindingsPost } from '../holdings/findings-post.ts';
import { HoldingCalls } from '../holdings/holding-calls.ts';
import { Holdings } from '../holdings/holdings.ts';
import { Hosts } from '../hosts/hosts.ts';
import { LinkClient } from '../link/link-client.ts';
import { ffmpegProbe } from '../probes/ffmpeg-probe.ts';
import { ControlHttp } from '../transfer/control-http.ts';
import { InputCache } from '../transfer/input-cache.ts';
import type { NodeWorkload } from '../workload.ts';
import { takeAgentLock } from './agent-lock.ts';
import { Conversation } from './conversation.ts';
import { Identity } from './identity.ts';
import { ensureJoined } from './join.ts';
import { MachineReport } from './machine-report.ts';
import { StraySweep } from './stray-sweep.ts';

export interface AgentOptions {
  /** Address of the control plane, as a browser would use it. */
  readonly controlUrl: string;
  /** Needed once, until the data folder holds a key that has joined. */
  readonly joinToken?: string | undefined;
  /** Folder of this node alone: identity, journals, work, caches. */
  readonly dataDir: string;
  /** The machine's host name unless told. Used when it joins; afterwards names are changed in the control plane. */
  readonly name?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly workloads: readonly NodeWorkload[];
  readonly log: Logger;
  readonly clock?: Clock;
  /** A number in [0, 1), for jitter. */
  readonly random?: () => number;
  /** Ends the wait for a control plane that can't be reached to join. */
  readonly signal?: AbortSignal;
  /** Hears of every step of every allocation before it is taken. */
  readonly observer?: (allocation: string, step: AllocationStep) => void;
  /** Records the calls of the control plane. Whoever made it closes it. */
  readonly tracer?: Tracer;
  /** How it goes on while the control plane is away. */
  readonly alone?: AloneOptions;
  /** Variables that every host is started with, beside its own: where traces go. */
  readonly hostEnvironment?: Readonly<Record<string, string>>;
}

/** The kernel's running half on one machine. */
export interface Agent {
  readonly nodeId: string;
  readonly name: string;
  /** Resolves when the control plane has welcomed the node; rejects when it won't have it. */
  readonly ready: Promise<void>;
  /** How many allocations are here. */
  readonly allocations: number;
  /**
   * Ends the agent. `keep` leaves the work running, to be adopted by the next agent on this folder; `end` ends every
   * allocation as a tree and reports it, at no cost to its attempts. Harmless when repeated.
   */
  close(options: { readonly work: 'keep' | 'end'; readonly graceMs?: number }): Promise<void>;
}

/** At most this much, and at most this share of the disk, is kept of inputs. */
const CACHE = { bytes: 50e9, share: 0.2 };
const CLOSE_GRACE_MS = 8_000;

/**
 * Starts the agent: takes the data folder, joins if it has not, adopts what an earlier agent has left running, and
 * connects. Resolves as soon as that is under way; `ready` tells when the control plane has answered.
 *
 * @throws agent_already_running, identity_unreadable, join_token_missing, join_token_invalid
 */
export async function createAgent(options: AgentOptions): Promise<Agent> {
  const { dataDir, controlUrl, workloads, log, clock = systemClock, random = Math.random } = options;
  const folder = allocationsFolder(dataDir);
  await mkdir(folder, { recursive: true, mode: 0o750 });
  const signal = options.signal ?? new AbortController().signal;
  await roomToStart({ folder: dataDir, clock, log, signal });
  const machine = await openMachine({ dataDir, clock, spareRunners: 1 });
  const lock = await takeAgentLock(dataDir, machine.table);
  const undo: (() => unknown)[] = [() => lock.release(), () => machine.close()];
  try {
    const identity = await Identity.open(dataDir, options.name ?? hostname());
    const nodeId = await ensureJoined(identity, {
      controlUrl,
      joinToken: options.joinToken,
      agentVersion: packageFile.version,
      clock,
      random,
      log,
      signal,
    });

    const http = new ControlHttp(controlUrl);
    undo.push(() => http.close());
    const { total } = await diskSpace(dataDir);
    const holdings = await Holdings.open({ folder: join(dataDir, 'holdings'), clock, log });
    undo.push(() => holdings.close());
    const inputs = new InputCache({
      folder: join(dataDir, 'cache', 'inputs'),
      capacity: Math.min(CACHE.bytes, total * CACHE.share),
      http,
      held: (digest, size) => holdings.find(digest, size),
      clock,
      random,
      log,
    });
    let deputy: Deputy | undefined;
    const disk = await DiskWatch.open({
      folder: dataDir,
      clock,
      log,
      changed: () => {
        hosts.tellDisk();
        conversation.soon();
      },
      pace: async (roomy) => {
        await Promise.all([allocations.pace(roomy), deputy?.pace(roomy)]);
      },
      relieve: (free) => allocations.relieve(free),
      notice: (state, space) => conversation.notify(nodeId, diskNoticeMethod, { state, ...space }),
    });
    undo.push(() => disk.close());
    const report = await MachineReport.open({
      machine,
      dataDir,
      cacheDir: join(dataDir, 'cache', 'probes'),
      labels: options.labels ?? {},
      probes: [ffmpegProbe, ...workloads.flatMap((workload) => workload.probes ?? [])],
      disk: () => ({
        state: disk.state,
        soft: disk.marks.soft,
        hard: disk.marks.hard,
        held: holdings.held,
        trash: holdings.trash,
      }),
      clock,
      log,
      changed: (inventory) => conversation.inventoryChanged(inventory),
    });
    undo.push(() => report.close());
    const hosts: Hosts = new Hosts({
      driver: machine.driver,
      clock,
      log,
      random,
      folder: join(dataDir, 'hosts'),
      environment: { ...options.hostEnvironment, [hostControlVariable]: controlUrl },
      definitions: Object.assign({}, ...workloads.map((workload) => workload.hosts ?? {})),
      capabilities: () => report.capabilities,
      onProgress: (allocation, progress) => allocations.said(allocation, progress),
      onReport: (allocation, found) => allocations.reported(allocation, found),
      disk: () => disk.state,
      onNotify: (allocation, method, payload) => conversation.notify(allocation, method, payload),
    });
    const findings: FindingsPost = new FindingsPost({
      holdings,
      link: { request: (type, body, request) => link.request(type, body, request) },
      clock,
      log,
      told: (allocation) => allocations.told(allocation),
      found: (_finder, _files, facts) => {
        if (facts.some(({ flow }) => flow)) deputy?.noticed();
      },
    });
    undo.push(() => findings.close());
    const executors = new Map(workloads.flatMap((workload) => Object.entries(workload.executors)));
    const parts: AllocationsParts = {
      clock,
      random,
      log,
      folder,
      http,
      inputs,
      findings,
      disk: () => disk.state,
      driver: machine.driver,
      hosts,
      run: machine.run,
      keepDir: join(dataDir, 'keep'),
      capabilities: () => report.capabilities,
      known: report.known,
      executorOf: (kind) => executors.get(kind),
      observer: options.observer,
      link: {
        request: (type, body, request) => link.request(type, body, request),
        send: (type, body) => link.send(type, body),
      },
    };
    const allocations: Allocations = new Allocations(parts);
    const holdingCalls = new HoldingCalls({
      holdings,
      controlUrl,
      log,
      needed: (digest) => allocations.needs(digest) || (deputy?.needs(digest) ?? false),
    });
    undo.push(() => holdingCalls.close());
    const { promise: ready, resolve: welcomed, reject: refused } = Promise.withResolvers<void>();
    ready.catch(() => undefined);
    const conversation: Conversation = new Conversation({
      identity,
      allocations,
      report,
      clock,
      log,
      tracer: options.tracer ?? noTracer,
      nodeCalls: { ...holdingCalls.handlers, ...deputyCalls(() => deputy) },
      linkUp: () => findings.kick(),
      link: () => link,
      welcomed,
      refused: (error: BacklotError) => refused(error),
    });
    const link: LinkClient = new LinkClient({
      controlUrl,
      identity: { nodeId, epoch: () => identity.epoch, sign: (text) => identity.sign(text) },
      bootId: newId(),
      agentVersion: packageFile.version,
      features: ['log-tail', 'freeze', 'hosts'],
      clock,
      random,
      log,
      events: conversation,
    });
    const strays = new StraySweep({
      ...machine,
      clock,
      log,
      live: () => new Set([...allocations.ids(), ...hosts.hostIds(), ...(deputy?.ids() ?? [])]),
    });
    undo.push(() => strays.close());
    deputy = await openDeputy({
      ...options.alone,
      dataDir,
      nodeId,
      workloads,
      holdings,
      parts,
      capabilities: () => report.capabilities,
      allocations,
      link,
    });

    await allocations.adopt();
    await hosts.open(allocations.hosted((id, root) => hosts.handleOf(id, root)));
    await disk.start();
    await strays.start();
    allocations.start();
    deputy.start();
    findings.kick();
    holdings.start();
    report.start();
    conversation.start();
    link.start();

    let closing: Promise<void> | undefined;
    const close = async (work: 'keep' | 'end', graceMs: number) => {
      await Promise.all([allocations.close(work, graceMs), deputy?.close(work, graceMs)]);
      await hosts.close(work);
      if (work === 'end') await strays.endAll();
      conversation.close();
      link.close();
      for (const step of undo.reverse()) await step();
    };
    return {
      nodeId,
      name: identity.name,
      ready,
      get allocations() {
        return allocations.size;
      },
      close({ work, graceMs = CLOSE_GRACE_MS }) {
        closing ??= close(work, graceMs);
        return closing;
      },
    };
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}
