import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId, type Offer, type StateReport, TaskDraft } from '@backlot/contract';
import { systemClock } from '@backlot/contract/clock';
import fc from 'fast-check';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OpenStep, PlanRun } from './local-plan.ts';
import { LocalRun, type LocalRunParts } from './local-run.ts';
import { Places } from './places.ts';
import { nextStep, tellRun } from './teller.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backlot-run-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const log = pino({ level: 'silent' });

/** Steps by name with what each needs. */
type Graph = Readonly<Record<string, readonly string[]>>;
const diamond: Graph = { join: [], remux: ['join'], thumbnail: ['join'], notify: ['remux', 'thumbnail'] };

function planOf(graph: Graph): PlanRun {
  return ({ steps }) => {
    const ok = (step: string) => steps.get(step)?.end?.outcome === 'ok';
    const open = Object.entries(graph)
      .filter(([step, needs]) => !steps.get(step)?.end && needs.every(ok))
      .map(([step]): OpenStep => {
        const retry = { maxAttempts: 2, backoffMs: 1, maxBackoffMs: 1 };
        const draft = TaskDraft.parse({ key: step, kind: 'tiny.part', retry });
        return { step, name: step, kind: 'tiny.part', draft: step === 'notify' ? undefined : draft };
      });
    return { open, waits: [] };
  };
}

/** What the local allocations of all agents together have been offered, and how each attempt ends. */
class Work {
  readonly offers = new Map<string, Offer>();
  /** Names of steps and how often their first attempts fail. */
  readonly failing = new Map<string, number>();
  run: LocalRun | undefined;

  parts(graph: Graph, more: Partial<LocalRunParts> = {}): LocalRunParts {
    return {
      plan: planOf(graph),
      clock: systemClock,
      random: () => 0,
      log,
      ready: () => true,
      cannot: async ({ draft }) => (draft ? undefined : 'only the control plane can do it'),
      places: new Places(2, () => this.run?.go()),
      has: (allocation) => this.offers.has(allocation),
      offer: async (offer) => void this.offers.set(offer.allocation, offer),
      stop: async () => undefined,
      ...more,
    };
  }

  /** Reports the end of every offer, also again of those that were reported. */
  async report(): Promise<void> {
    for (const offer of [...this.offers.values()]) await this.run?.reported(endOf(offer, this.#fails(offer)));
  }

  #fails(offer: Offer): boolean {
    return offer.attempt <= (this.failing.get(stepOf(offer)) ?? 0);
  }
}

const stepOf = ({ parameters }: Offer) => String(parameters.step ?? '');

function endOf({ allocation, fence, attempt }: Offer, fails: boolean): StateReport {
  const output = {
    name: `film-${attempt}`,
    kind: 'film',
    digest: 'a'.repeat(64),
    size: 1,
    mediaType: 'video/mp4',
    meta: {},
  };
  const end = fails
    ? {
        outcome: 'failed' as const,
        failure: { class: 'crash' as const, reason: { code: 'x', params: {}, message: 'x' }, signature: 'x' },
      }
    : { outcome: 'ok' as const, result: { attempt } };
  return { allocation, fence, seq: 2, state: 'ended', outputs: [output], ...end };
}

const begun = () => ({
  r: 'begun' as const,
  run: newId(),
  key: 'broadcast-1',
  at: '2026-11-26T20:00:00.000Z',
  bundle: {
    allocation: newId(),
    version: newId(),
    flow: { id: newId(), name: 'archive', number: 3 },
    projectId: newId(),
    definition: {},
    secrets: { remux: { token: 'secret' } },
  },
  trigger: { ports: {}, data: {} },
});

const path = () => join(folder, 'run', 'journal');

describe('a run on a node that is alone', () => {
  it('goes from step to step and leaves what only the control plane can do', async () => {
    const work = new Work();
    const run = await LocalRun.begin(work.parts(diamond), path(), begun());
    work.run = run;
    run.go();
    await vi.waitUntil(() => work.offers.size === 1, 20_000);
    expect([...work.offers.values()][0]).toMatchObject({
      kind: 'tiny.part',
      attempt: 1,
      class: 'batch',
      host: null,
    });
    expect(run.resting).toBe(false);
    await work.report();
    await vi.waitUntil(() => work.offers.size === 3, 20_000);
    await work.report();
    await vi.waitUntil(() => run.resting, 20_000);
    expect([...run.facts.left]).toEqual([['notify', 'only the control plane can do it']]);
    const ends = [...run.facts.steps.values()].map(({ step, end }) => [step, end?.outcome]);
    expect(ends).toEqual([
      ['join', 'ok'],
      ['remux', 'ok'],
      ['thumbnail', 'ok'],
    ]);
    await run.close();
  });

  it('ends a step that takes longer than the flow gives it, also while nothing is heard of it', async () => {
    const work = new Work();
    const stopped: string[] = [];
    const limited: PlanRun = (facts, now) => {
      const plan = planOf({ join: [], remux: ['join'] })(facts, now);
      return { ...plan, open: plan.open.map((step) => ({ ...step, timeLimitMs: 20 })) };
    };
    const more = { plan: limited, stop: async (id: string) => void stopped.push(id) };
    const run = await LocalRun.begin(work.parts({}, more), path(), begun());
    work.run = run;
    run.go();
    await vi.waitUntil(() => run.facts.steps.get('join')?.end !== undefined, 30_000);
    expect(run.facts.steps.get('join')?.end).toMatchObject({
      outcome: 'failed',
      failure: { reason: { code: 'flow.time_limit', params: { step: 'join' } } },
    });
    expect(stopped).toEqual([...work.offers.keys()]);
    // What its attempt says afterwards changes nothing, and nothing begins anew.
    await work.report();
    await vi.waitUntil(() => run.resting, 30_000);
    expect(run.facts.steps.get('join')?.end?.outcome).toBe('failed');
    expect(work.offers.size).toBe(1);
    await run.close();
  });

  it('gives each step its secrets, and no other’s', async () => {
    const work = new Work();
    const run = await LocalRun.begin(work.parts({ remux: [], thumbnail: [] }), path(), begun());
    run.go();
    await vi.waitUntil(() => work.offers.size === 2, 20_000);
    const secrets = [...work.offers.values()].map(({ parameters }) => parameters.secrets);
    expect(secrets).toEqual([{ token: 'secret' }, undefined]);
    await run.close();
  });

  it('finds the secrets of a target that only flows into a step, and leaves a step without any', async () => {
    const work = new Work();
    const target = { id: newId(), name: 'store' };
    const plan: PlanRun = () => ({
      waits: [],
      open: ['by-id', 'by-name', 'nowhere'].map((name) => {
        const wanted = { 'by-id': target.id, 'by-name': target.name }[name] ?? 'elsewhere';
        const draft = TaskDraft.parse({ key: name, kind: 'tiny.part', parameters: { target: wanted } });
        return { step: name, name, kind: 'tiny.part', draft };
      }),
    });
    const first = begun();
    const missing = { missing: 'unknown' };
    const secrets = { upload: { target }, 'by-id': missing, 'by-name': missing, nowhere: missing };
    const run = await LocalRun.begin(work.parts({}, { plan }), path(), {
      ...first,
      bundle: { ...first.bundle, secrets },
    });
    run.go();
    await vi.waitUntil(() => work.offers.size === 2 && run.facts.left.size === 1, 20_000);
    const given = [...work.offers.values()].map(({ parameters }) => parameters.secrets);
    expect(given).toEqual([{ target }, { target }]);
    expect([...run.facts.left]).toEqual([['nowhere', 'its secrets were not given to this node']]);
    await run.close();
  });

  it('tries a step again that failed, and ends it when it has failed too often', async () => {
    const work = new Work();
    work.failing.set('', 9);
    const run = await LocalRun.begin(work.parts({ join: [], after: ['join'] }), path(), begun());
    work.run = run;
    run.go();
    await vi.waitUntil(() => work.offers.size === 1, 20_000);
    await work.report();
    await vi.waitUntil(() => work.offers.size === 2, 20_000);
    expect([...work.offers.values()].map(({ attempt }) => attempt)).toEqual([1, 2]);
    await work.report();
    await vi.waitUntil(() => run.facts.steps.get('join')?.end !== undefined, 20_000);
    expect(run.facts.steps.get('join')?.end).toMatchObject({
      outcome: 'failed',
      failure: { class: 'crash' },
    });
    // Its outputs are real whatever became of the attempts.
    expect(run.facts.steps.get('join')?.outputs.map(({ name }) => name)).toEqual(['film-1', 'film-2']);
    await run.close();
  });

  it('does no more at once than there are places', async () => {
    const work = new Work();
    const run = await LocalRun.begin(work.parts({ a: [], b: [], c: [], d: [] }), path(), begun());
    work.run = run;
    run.go();
    await vi.waitUntil(() => work.offers.size === 2, 20_000);
    await work.report();
    await vi.waitUntil(() => work.offers.size === 4, 20_000);
    await work.report();
    await vi.waitUntil(() => run.resting, 20_000);
    await run.close();
  });

  it('knows at once what it would know after a restart', async () => {
    const work = new Work();
    const run = await LocalRun.begin(work.parts({ join: [], after: ['join'] }), path(), begun());
    run.go();
    await vi.waitUntil(() => work.offers.size === 1, 20_000);
    const [offer] = work.offers.values();
    if (!offer) throw new Error('Nothing was offered.');
    // Said in memory, by an executor of this process: JSON has no such values, and contracts refuse them.
    const report = { ...endOf(offer, false), result: { parts: [{ gaps: undefined, lossMs: 0 }] } };
    await run.reported(report);
    await vi.waitUntil(() => work.offers.size === 2, 20_000);
    await run.close();
    const again = await LocalRun.resume(work.parts({ join: [], after: ['join'] }), path());
    expect(run.facts).toStrictEqual(again?.facts);
    await again?.close();
  });

  it('is finished before a younger one goes on, where there is no place for both', async () => {
    const work = new Work();
    const runs: LocalRun[] = [];
    const places = new Places(1, () => {
      for (const run of runs) run.go();
    });
    const parts = work.parts({ film: [], upload: ['film'], verify: ['upload'] }, { places });
    for (const n of [0, 1, 2]) runs.push(await LocalRun.begin(parts, `${path()}-${n}`, begun()));
    for (const run of runs) run.go();
    const order: string[] = [];
    for (let count = 1; count <= 9; count += 1) {
      await vi.waitUntil(() => work.offers.size === count, 20_000);
      const last = [...work.offers.values()].at(-1);
      if (!last) throw new Error('Nothing was offered.');
      for (const [n, run] of runs.entries())
        if (await run.reported(endOf(last, false))) order.push(`run ${n}`);
    }
    expect(order).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2].map((n) => `run ${n}`));
    await vi.waitUntil(() => runs.every(({ resting }) => resting), 20_000);
    for (const run of runs) await run.close();
  });

  it('is not wanted: what runs is stopped and nothing more begins', async () => {
    const work = new Work();
    const stopped: string[] = [];
    const stop = async (allocation: string) => void stopped.push(allocation);
    const run = await LocalRun.begin(work.parts(diamond, { stop }), path(), begun());
    run.go();
    await vi.waitUntil(() => work.offers.size === 1, 20_000);
    await run.abandon();
    expect(stopped).toEqual([...work.offers.keys()]);
    run.go();
    await run.close();
    expect(work.offers.size).toBe(1);
  });

  it('goes on after the agent was killed at any moment: each attempt is offered once, each step ends and is told once', async () => {
    const seeds = fc.record({
      /** After so many steps of the world the agent is killed, then again … */
      kills: fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 6 }),
      failing: fc.nat(1),
    });
    await fc.assert(
      fc.asyncProperty(seeds, async ({ kills, failing }) => {
        let place = join(await mkdtemp(join(folder, 'kill-')), 'journal');
        const work = new Work();
        if (failing > 0) work.failing.set('', failing);
        const told: string[] = [];
        let life = { dead: false };
        const partsOf = (mine: { readonly dead: boolean }) =>
          work.parts(diamond, {
            offer: async (offer) => {
              if (!mine.dead) work.offers.set(offer.allocation, offer);
            },
          });
        const zombies: LocalRun[] = [];
        let run = await LocalRun.begin(partsOf(life), place, begun());
        const left = [...kills];
        for (let turn = 0, until = left.shift() ?? Infinity; turn < 400; turn += 1) {
          work.run = run;
          run.go();
          if (until === 0) {
            // What the disk has in this moment is all that the next agent gets.
            life.dead = true;
            life = { dead: false };
            zombies.push(run);
            const copy = join(await mkdtemp(join(folder, 'kill-')), 'journal');
            await copyFile(place, copy);
            place = copy;
            const next = await LocalRun.resume(partsOf(life), place);
            if (!next) throw new Error('The run is gone.');
            run = next;
            until = left.shift() ?? Infinity;
            continue;
          }
          until -= 1;
          await systemClock.sleep(2);
          await work.report();
          const state = await tellRun(run, {
            log,
            ask: async (_run, method, payload) => {
              const { step } = payload as { step?: string };
              told.push(step ?? method);
              return { answer: 'taken' };
            },
          });
          if (state === 'all') break;
        }
        for (const zombie of zombies) await zombie.close();
        expect(run.facts.closed).toBe(true);
        expect(nextStep(run.facts)).toBeUndefined();
        // Told again only when the agent died between the answer and its record, which no kill here hits.
        expect(told).toEqual([...new Set(told)]);
        expect(told.at(0)).toBe('join');
        expect(told.at(-1)).toBe('flows.alone.end');
        expect(new Set(told)).toEqual(new Set(['join', 'remux', 'thumbnail', 'flows.alone.end']));
        for (const { end } of run.facts.steps.values()) expect(end?.outcome).toBe('ok');
        expect(work.offers.size).toBe(3 * (1 + failing));
        await run.close();
      }),
      { numRuns: 25 },
    );
  }, 180_000);
});
