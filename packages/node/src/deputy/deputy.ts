import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BacklotError,
  type FactDraft,
  type FileValue,
  newId,
  type Offer,
  type Reason,
  type StateReport,
} from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import { ClaimQuestion, deputyMethods, Entrust } from '@backlot/contract/deputy/messages';
import { linkErrors } from '@backlot/contract/errors/link';
import type { Call, Findings, NodeMessages } from '@backlot/contract/link/messages';
import type { Logger } from 'pino';
import type { Allocations, AllocationsParts } from '../allocations/allocations.ts';
import { type Claim, Claims } from './claims.ts';
import { Entrusted } from './entrusted.ts';
import { localLink } from './local-link.ts';
import type { OpenStep, PlanRun } from './local-plan.ts';
import { LocalRun, type LocalRunParts } from './local-run.ts';
import type { LocalTrigger } from './local-trigger.ts';
import { Places } from './places.ts';
import { firstFacts } from './run-facts.ts';
import { tellRun } from './teller.ts';

/**
 * A node that goes on alone. When the control plane can't be reached for a while, and work on this node reports a fact
 * that begins a flow, the deputy runs that flow here, and tells it afterwards.
 *
 * 1. Control **entrusts** the flow version with the dressed secrets of its steps when the allocation begins (a 0600 file).
 * 2. A fact that names a flow stays in its allocation's journal until control acknowledges its report. While the link has
 *    been down for `awayMs`, such facts are looked at: they are neither hooks nor a queue of their own, so none is missed.
 * 3. A run is **written down, then claimed** by its key; control asks for the same key before it begins a run. The first
 *    has it for good. A run whose claim was lost to control is thrown away; nothing of it has begun by then.
 *    One whose journal can't be read any more is given back when control asks for it, and what still ran of it is ended.
 * 4. What to do next comes from the pure engine that control uses, fed with the journal of the run: an agent that was
 *    killed is followed by one that reads the same and asks the same.
 * 5. Steps run in **a second `Allocations` of the deputy's own**, with a folder of its own and a link that answers here.
 *    So heartbeats, the comparison at `welcome`, reconcile and the fence of a lease never see local work: control can
 *    neither end what it does not know nor count it, and no report of it is ever stale.
 * 6. Inputs come from this node's holdings by digest; outputs are held here, whatever the step says.
 * 7. A step that needs control, another node, or bytes that are elsewhere is **left**: what does not depend on it goes on.
 * 8. A run once begun alone is finished alone, also when the link is back in the middle: two may not do the same step.
 * 9. Ended steps are told in order (`flows.alone.step`), each until it is acknowledged, then `flows.alone.end` with what was
 *    left. `later` means that control has not seen the fact yet: its report is on the way, and it is told again.
 * 10. At most `places` steps run at a time: nobody has asked the scheduler, and what records must not suffer.
 */
export interface DeputyParts {
  /** A folder of the deputy's own. */
  readonly folder: string;
  readonly nodeId: string;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  /** How long the link has to be down before a run is begun here. Milliseconds. */
  readonly awayMs: number;
  /** Local steps at the same time. */
  readonly places: number;
  readonly plan: PlanRun;
  readonly triggers: readonly LocalTrigger[];
  /** Facts of allocations that name a flow and that the control plane has not acknowledged, with their offers. */
  untold(): readonly { readonly offer: Offer; readonly fact: FactDraft }[];
  /** Ids of the allocations that the control plane has given to this node. */
  here(): readonly string[];
  /** What this node holds of a task's outputs. */
  held(task: string): readonly FileValue[];
  /** Resolves when it is known what this node can do; nothing is left to the control plane before. */
  readonly known: Promise<void>;
  cannot(step: OpenStep): Promise<string | undefined>;
  readonly link: {
    readonly connected: boolean;
    request(
      type: 'call',
      body: NodeMessages['call'],
      options: { readonly timeoutMs: number },
    ): Promise<{ readonly b: unknown }>;
  };
  /** Makes the allocations of local steps, in this folder and with this link. */
  allocations(options: {
    readonly folder: string;
    readonly link: AllocationsParts['link'];
    readonly found: (findings: Findings) => Promise<void>;
  }): Allocations;
}

const TICK_MS = 1_000;
const CALL_MS = 20_000;
const SWEEP_MS = 60_000;
/** Between two tries to tell what the control plane was not ready to hear. */
const TELL_MS = 3_000;

export class Deputy {
  readonly #parts: DeputyParts;
  readonly #claims: Claims;
  readonly #entrusted: Entrusted;
  readonly #runs = new Map<string, LocalRun>();
  readonly #places: Places;
  readonly #local: Allocations;
  #downSince: number | undefined;
  /** Something may have been found since facts were looked at. */
  #noticed = true;
  #sweptAt: number;
  #toldAt = Number.NEGATIVE_INFINITY;
  #telling: Promise<void> | undefined;
  #turn: Promise<void> = Promise.resolve();
  #cancel: (() => void) | undefined;
  /** Key of a run that is being claimed, and is not among the runs yet. */
  #beginning: string | undefined;
  #closed = false;
  /** It is known what this node can do. */
  #ready = false;

  private constructor(parts: DeputyParts, claims: Claims, entrusted: Entrusted) {
    this.#parts = parts;
    this.#claims = claims;
    this.#entrusted = entrusted;
    this.#places = new Places(parts.places, () => {
      for (const run of this.#runs.values()) run.go();
    });
    this.#sweptAt = parts.clock.monotonic();
    this.#downSince = parts.clock.monotonic();
    const link = localLink({
      reported: (report) => this.#reported(report),
      refused: (allocation, why) => this.#refused(allocation, why),
      progress: () => undefined,
    });
    const found = async (findings: Findings) => {
      for (const run of this.#runs.values()) if (await run.found(findings)) return;
    };
    this.#local = parts.allocations({ folder: join(parts.folder, 'allocations'), link, found });
  }

  /** Reads what an earlier agent has left. Nothing goes on before `start`. */
  static async open(parts: DeputyParts): Promise<Deputy> {
    await mkdir(join(parts.folder, 'allocations'), { recursive: true, mode: 0o700 });
    await mkdir(join(parts.folder, 'runs'), { recursive: true, mode: 0o700 });
    const claims = await Claims.open(join(parts.folder, 'claims'), parts.clock.now());
    const entrusted = await Entrusted.open(join(parts.folder, 'entrusted'), parts.log);
    const deputy = new Deputy(parts, claims, entrusted);
    await deputy.#local.adopt();
    await deputy.#resume();
    return deputy;
  }

  /** Ids of the local allocations: their processes are nobody's strays. */
  ids(): string[] {
    return this.#local.ids();
  }

  /** Whether a local step works with these bytes. */
  needs(digest: string): boolean {
    return this.#local.needs(digest);
  }

  /** Local steps that write stand still while the disk is nearly full, as other work does. */
  pace(roomy: boolean): Promise<void> {
    return this.#local.pace(roomy);
  }

  /** How many runs go on here, or wait to be told. */
  get size(): number {
    return this.#runs.size;
  }

  start(): void {
    this.#local.start();
    void this.#endStrays().catch((error: unknown) =>
      this.#parts.log.warn({ err: error }, 'a stray step goes on'),
    );
    for (const run of this.#runs.values()) run.go();
    this.#schedule();
    void this.#parts.known.then(() => {
      this.#ready = true;
      if (!this.#closed) for (const run of this.#runs.values()) run.go();
    });
  }

  /** An allocation has found something that may begin a flow. */
  noticed(): void {
    this.#noticed = true;
  }

  /** A call of the control plane whose method begins with `kernel.deputy.`. @throws call_not_understood */
  async call({ method, payload }: Call): Promise<unknown> {
    switch (method) {
      case deputyMethods.entrust:
        await this.#entrusted.keep(Entrust.parse(payload));
        return {};
      case deputyMethods.claim: {
        const { key } = ClaimQuestion.parse(payload);
        return { claim: await this.#claimOf(key) };
      }
      default:
        throw new BacklotError(linkErrors.call_not_understood, { params: { method } });
    }
  }

  /** As for other work: `keep` leaves it running, to be adopted; `end` ends it, and the next agent begins it anew. */
  async close(work: 'keep' | 'end', graceMs: number): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#turn;
    await this.#local.close(work, graceMs);
    for (const run of this.#runs.values()) await run.close();
    await this.#claims.close();
  }

  /** Whose a run is that the control plane is about to begin, or waits for. */
  async #claimOf(key: string): Promise<Claim> {
    const { clock, log } = this.#parts;
    const claim = await this.#claims.claim(key, 'yours', clock.now());
    const here = this.#beginning === key || [...this.#runs.values()].some(({ facts }) => facts.key === key);
    if (claim === 'yours' || here || this.#claims.isTold(key)) return claim;
    // Its journal is lost, and nobody would ever tell of it. What it has begun must have ended before it begins elsewhere.
    await this.#endStrays();
    log.error({ key }, 'a run that was begun here alone is lost; the control plane does it');
    return this.#claims.giveBack(key, clock.now());
  }

  /** Ends local steps that no run knows of: their run was not wanted, or can't be read any more. */
  async #endStrays(): Promise<void> {
    const known = new Set(
      [...this.#runs.values()].flatMap(({ facts }) =>
        [...facts.steps.values()].map(({ attempt }) => attempt.allocation),
      ),
    );
    const strays = this.#local.ids().filter((id) => !known.has(id));
    await Promise.all(strays.map((id) => this.#stop(id)));
  }

  #stop(allocation: string): Promise<void> {
    return this.#local.stop({ allocation, fence: 1, why: 'canceled', graceMs: STOP_GRACE_MS });
  }

  async #resume(): Promise<void> {
    const { folder, log, clock } = this.#parts;
    // The oldest first: their names are in the order of time.
    for (const id of (await readdir(join(folder, 'runs'))).sort()) {
      try {
        const run = await LocalRun.resume(this.#runParts(), this.#journalOf(id));
        // It died before it could write the run down, or before it was claimed, and control has claimed it since.
        const ours = run && (await this.#claims.claim(run.facts.key, 'mine', clock.now())) === 'mine';
        if (run && ours && !run.facts.closed) this.#runs.set(id, run);
        else await this.#drop(id, run);
      } catch (error) {
        log.error({ err: error, run: id }, 'a run of an earlier agent could not be read');
      }
    }
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#cancel = this.#parts.clock.after(Math.min(TICK_MS, this.#parts.awayMs / 2), () => {
      this.#turn = this.#tick()
        .catch((error: unknown) => this.#parts.log.warn({ err: error }, 'the deputy stumbled'))
        .finally(() => this.#schedule());
    });
  }

  async #tick(): Promise<void> {
    const { clock, link, awayMs } = this.#parts;
    const now = clock.monotonic();
    if (link.connected) {
      this.#downSince = undefined;
      this.#noticed = true;
      this.#tell(now);
      if (now - this.#sweptAt > SWEEP_MS) {
        this.#sweptAt = now;
        await this.#entrusted.sweep(new Set(this.#parts.here()));
      }
      return;
    }
    this.#downSince ??= now;
    if (now - this.#downSince < awayMs || !this.#noticed) return;
    this.#noticed = false;
    try {
      await this.#lookForFacts();
    } catch (error) {
      this.#noticed = true;
      throw error;
    }
  }

  async #lookForFacts(): Promise<void> {
    for (const { offer, fact } of this.#parts.untold()) {
      const version = fact.flow?.version;
      if (version === undefined) continue;
      const bundle = this.#entrusted.of(offer.allocation, version);
      const kind = triggerKindOf(bundle);
      const trigger = this.#parts.triggers.find((one) => one.kind === kind && one.facts.includes(fact.kind));
      if (!bundle || !trigger) continue;
      const { task, job, project, parameters } = offer;
      const held = this.#parts.held(task);
      const fired = trigger.fire(fact, { task, job, project, nodeId: this.#parts.nodeId, parameters, held });
      if (!fired || this.#claims.of(fired.key) !== undefined) continue;
      await this.#begin(bundle, fired);
    }
  }

  async #begin(bundle: Entrust, fired: NonNullable<ReturnType<LocalTrigger['fire']>>): Promise<void> {
    const { clock, log } = this.#parts;
    const id = newId();
    const at = new Date(clock.now()).toISOString();
    const { key, ports, data } = fired;
    const begun = { r: 'begun' as const, run: id, key, at, bundle, trigger: { ports, data } };
    // Once claimed it is nobody else's: what this release can't read is not claimed.
    try {
      this.#parts.plan(firstFacts(begun), clock.now());
    } catch (error) {
      log.warn({ err: error, key, flow: bundle.flow.name }, 'a flow can’t be run here; it is left');
      return;
    }
    const run = await LocalRun.begin(this.#runParts(), this.#journalOf(id), begun);
    this.#beginning = key;
    try {
      if ((await this.#claims.claim(key, 'mine', clock.now())) !== 'mine') return await this.#drop(id, run);
      this.#runs.set(id, run);
    } finally {
      this.#beginning = undefined;
    }
    log.info(
      { run: id, key, flow: bundle.flow.name },
      'the control plane is away: a flow is run here, alone',
    );
    run.go();
  }

  #runParts(): LocalRunParts {
    const { plan, clock, random, log } = this.#parts;
    return {
      plan,
      clock,
      random,
      log,
      ready: () => this.#ready,
      cannot: (step) => this.#parts.cannot(step),
      places: this.#places,
      has: (allocation) => this.#local.ids().includes(allocation),
      offer: (offer) => this.#local.offer(offer),
      stop: (allocation) => this.#stop(allocation),
    };
  }

  /** Acknowledged also when no run knows it: an older attempt that was written down already. */
  async #reported(report: StateReport): Promise<void> {
    for (const run of this.#runs.values()) if (await run.reported(report)) return;
  }

  #refused(allocation: string, why: Reason): void {
    this.#parts.log.info({ allocation, why: why.code }, 'a local step could not begin yet');
    for (const run of this.#runs.values()) if (run.refused(allocation)) return;
  }

  /** One telling at a time; what is new meanwhile is told by the next. */
  #tell(now: number): void {
    if (this.#telling || this.#runs.size === 0 || now - this.#toldAt < TELL_MS) return;
    this.#telling = this.#tellAll()
      .catch((error: unknown) => this.#parts.log.debug({ err: error }, 'a run was not told; trying again'))
      .finally(() => {
        this.#toldAt = this.#parts.clock.monotonic();
        this.#telling = undefined;
      });
  }

  async #tellAll(): Promise<void> {
    const { link, log } = this.#parts;
    const ask = async (allocation: string, method: string, payload: unknown) => {
      const body = { allocation, method, payload, deadlineMs: CALL_MS };
      const answer = await link.request('call', body, { timeoutMs: CALL_MS });
      return (answer.b as NodeMessages['result']).payload;
    };
    for (const [id, run] of [...this.#runs]) {
      if (this.#closed) return;
      // One that can't be told must not keep the others from being told.
      try {
        const told = await tellRun(run, { ask, log });
        if (told === 'later') continue;
        if (told === 'unwanted') await run.abandon();
        log.info({ run: id, told }, 'a run that was begun here alone is the control plane’s now');
        if (told === 'all') await this.#claims.told(run.facts.key, this.#parts.clock.now());
        this.#runs.delete(id);
        await this.#drop(id, run);
      } catch (error) {
        log.debug({ err: error, run: id }, 'a run was not told; trying again');
        if (!link.connected) return;
      }
    }
  }

  /** Removes a run from this node; what it has made stays in the holdings. */
  async #drop(id: string, run: LocalRun | undefined): Promise<void> {
    await run?.close();
    await rm(join(this.#parts.folder, 'runs', id), { recursive: true, force: true });
  }

  #journalOf(id: string): string {
    return join(this.#parts.folder, 'runs', id, 'journal');
  }
}

const STOP_GRACE_MS = 5_000;

/** The calls that a deputy answers, by method; it is there before the link is. */
export function deputyCalls(
  deputy: () => Deputy | undefined,
): Record<string, (call: Call) => Promise<unknown>> {
  const answer = async (call: Call) => deputy()?.call(call);
  return Object.fromEntries(Object.values(deputyMethods).map((method) => [method, answer]));
}

/** Which trigger begins a flow, from its definition. */
function triggerKindOf(bundle: Entrust | undefined): string | undefined {
  const trigger = bundle?.definition.trigger as { readonly kind?: unknown } | undefined;
  return typeof trigger?.kind === 'string' ? trigger.kind : undefined;
}
