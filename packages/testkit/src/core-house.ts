import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, newId, systemClock } from '@backlot/contract';
import { createAllocationTokens } from '@backlot/control/access/allocation-tokens';
import { auditLog } from '@backlot/control/access/audit-log';
import { createAccessControl, mergePermissions } from '@backlot/control/access/permissions';
import { recordBlob } from '@backlot/control/artifacts/record-blob';
import { createRecords } from '@backlot/control/artifacts/records';
import { openFsBlobStore } from '@backlot/control/blobs/fs-blob-store';
import { type Core, createCore } from '@backlot/control/core';
import type { Store } from '@backlot/control/db/database';
import { createEventLog } from '@backlot/control/events/event-log';
import { createLocalFabric } from '@backlot/control/fabric/local-fabric';
import { createFlows, type FlowsRoom } from '@backlot/control/flows/create-flows';
import type { Actor, Kernel } from '@backlot/control/kernel';
import { createLeadership } from '@backlot/control/leader/leadership';
import type { ControlWorkload } from '@backlot/control/workload';
import pino from 'pino';
import { Registry } from 'prom-client';
import { FakeFleet, type FakeFleetOptions } from './fake-fleet.ts';

export interface CoreHouseOptions extends Pick<FakeFleetOptions, 'work' | 'refuse'> {
  readonly store: Store;
  readonly workloads: readonly ControlWorkload[];
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Loops and sweeps run by themselves; false leaves a test to drive them. */
  readonly running?: boolean;
}

/** The deciding core as it stands in the control plane, on a real database, with fake nodes around it. */
export interface CoreHouse {
  readonly core: Core;
  /** Flows of the same workloads, on this core. */
  readonly flows: FlowsRoom;
  /** As much of the kernel as steps and triggers of tests use. */
  readonly kernel: Kernel;
  readonly fleet: FakeFleet;
  readonly metrics: Registry;
  readonly actor: Actor;
  project(options?: {
    weight?: number;
    quota?: { cpu?: number; jobs?: number };
    name?: string;
  }): Promise<string>;
  /** Plays kill -9 and a new start of the core: nothing in memory survives, the nodes go on. */
  restart(): Promise<void>;
  /** Asks until the answer is there. @throws after 20 s */
  until<T>(ask: () => Promise<T | undefined | false>, what: string): Promise<T>;
  close(): Promise<void>;
}

const log = pino({ level: process.env.BACKLOT_TEST_LOG ?? 'silent' });

export async function openCoreHouse(options: CoreHouseOptions): Promise<CoreHouse> {
  const { store } = options;
  const { db } = store;
  const clock = options.clock ?? systemClock;
  const directory = await mkdtemp(join(tmpdir(), 'backlot-core-'));
  const blobs = await openFsBlobStore({ directory, beforePublish: recordBlob(db) });
  const tokens = await createAllocationTokens(db, clock);
  const actor: Actor = {
    kind: 'account',
    id: newId(),
    name: 'Ada',
    grants: [{ projectId: null, role: 'admin' }],
    scopes: ['*'],
    language: 'en',
  };
  let core: Core;
  let flows: FlowsRoom;
  let kernel: Kernel;
  let metrics: Registry;
  const fleet = new FakeFleet({
    db,
    clock,
    reports: () => core.reports,
    ...(options.work ? { work: options.work } : {}),
    ...(options.refuse ? { refuse: options.refuse } : {}),
  });
  const build = async () => {
    const events = createEventLog(createLocalFabric({ log }));
    metrics = new Registry();
    const access = createAccessControl(mergePermissions(options.workloads));
    const artifacts = createRecords({
      db,
      bytes: (digest, range, signal) => blobs.get(digest, range, signal),
      audit: auditLog,
      graceMs: 24 * 60 * 60_000,
      events,
      // Nobody looks at artifacts here; who may is the routes' business.
      visibility: { visibleTo: async (_actor, shown) => [...shown] },
    });
    const shared = { store, clock, log, events, audit: auditLog, access, artifacts, metrics };
    // What steps and triggers of tests use of the kernel.
    kernel = { db, clock, log, artifacts, events, access } as unknown as Kernel;
    flows = createFlows({
      ...shared,
      workloads: options.workloads,
      leadership: createLeadership,
      replica: 'test',
      kernel: () => kernel,
      core: () => core.forFlows,
    });
    core = createCore({
      ...shared,
      tokens,
      blobs,
      workloads: [...options.workloads, flows.workload],
      settleRun: (change, jobId) => flows.settle(change, jobId),
      nodes: () => fleet,
      leadership: createLeadership,
      replica: 'test',
      ...(options.random ? { random: options.random } : {}),
    });
    if (options.running === false) return;
    await core.start();
    await flows.run();
  };
  await build();
  return {
    fleet,
    actor,
    get core() {
      return core;
    },
    get flows() {
      return flows;
    },
    get kernel() {
      return kernel;
    },
    get metrics() {
      return metrics;
    },
    async project({ weight = 1, quota = {}, name = 'Film' } = {}) {
      const id = newId();
      await db
        .insertInto('project')
        .values({ id, slug: `p-${id}`, name, weight, quota: JSON.stringify(quota) })
        .execute();
      return id;
    },
    async restart() {
      await flows.close();
      await core.close();
      await build();
    },
    async until(ask, what) {
      const end = clock.monotonic() + 20_000;
      for (;;) {
        const answer = await ask();
        if (answer !== undefined && answer !== false) return answer;
        if (clock.monotonic() > end) throw new Error(`Waited 20 s for this: ${what}.`);
        await clock.sleep(10);
      }
    },
    async close() {
      await fleet.close();
      await flows.close();
      await core.close();
      await blobs.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
