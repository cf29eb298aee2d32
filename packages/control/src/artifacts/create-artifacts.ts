import { Gauge } from 'prom-client';
import type { Artifacts, BlobStore } from '../kernel.ts';
import { createLeadership } from '../leader/leadership.ts';
import type { App } from '../workload.ts';
import { type ArtifactsDependencies, defaultSettings } from './dependencies.ts';
import { tellHolders } from './held/tell-holders.ts';
import { nodeTransferRoutes } from './node-transfer/routes.ts';
import { createRecords } from './records.ts';
import { artifactRoutes } from './routes.ts';
import { SpaceGuard } from './space-guard.ts';
import { type SweepResult, sweep } from './sweep/sweep.ts';
import { uploadRoutes } from './uploads/routes.ts';
import { createVisibility } from './visibility.ts';

/** The room of artifacts: the port, its routes, and what runs beside requests. */
export interface ArtifactsRoom extends Artifacts {
  routes(app: App): void;
  start(): Promise<void>;
  /** Sweeps now; for operators and tests. Only the leading replica does anything. */
  sweepNow(): Promise<SweepResult | undefined>;
  /** Tells nodes now what to throw away and what to take back; the same. */
  tellNow(): Promise<number>;
  close(): Promise<void>;
}

/** How often the free space is looked at. */
const SPACE_CHECK_MS = 15_000;

/** Puts the room together. */
export function createArtifacts(deps: ArtifactsDependencies): ArtifactsRoom {
  const { store, blobs, events, clock, log, metrics } = deps;
  const settings = { ...defaultSettings, ...deps.settings };
  const space = new SpaceGuard({ blobs, health: deps.health, clock, reserve: settings.reserve });
  const bytes: BlobStore['get'] = deps.bytes ?? ((...args) => blobs.get(...args));
  const artifacts = createRecords({
    db: store.db,
    bytes,
    events,
    audit: deps.audit,
    graceMs: settings.graceMs,
    visibility: createVisibility(deps.guards, deps.kernel),
  });
  const closing = new AbortController();
  let work: Promise<unknown> = Promise.resolve();
  const leadership = createLeadership({
    db: store.db,
    name: 'artifacts/sweep',
    replica: deps.replica,
    log,
    clock,
  });

  new Gauge({
    name: 'backlot_storage_free_bytes',
    help: 'Free bytes where files are kept; absent for stores without an end.',
    registers: [metrics],
    async collect() {
      const measured = await blobs.space().catch(() => undefined);
      if (measured) this.set(measured.free);
      else this.reset();
    },
  });

  async function sweepNow(): Promise<SweepResult | undefined> {
    if (!leadership.held) return undefined;
    const { graceMs, uploadExpiryMs } = settings;
    const guard = leadership.guard.bind(leadership);
    return sweep({ store, blobs, artifacts, events, log, guard, graceMs, uploadExpiryMs }, closing.signal);
  }

  /** Tells nodes what to throw away and to take back. */
  async function tellNow(): Promise<number> {
    const { nodes } = deps;
    if (!leadership.held || !nodes) return 0;
    const guard = leadership.guard.bind(leadership);
    return tellHolders({ store, nodes, events, log, guard, graceMs: settings.graceMs }, closing.signal);
  }

  /** Does something again and again until the room closes. A failure is logged, and the next time tried again. */
  async function every(ms: number, what: string, run: () => Promise<unknown>): Promise<void> {
    while (!closing.signal.aborted) {
      await run().catch((error: unknown) => {
        if (!closing.signal.aborted) log.warn({ err: error }, `${what} failed; it is tried again`);
      });
      await clock.sleep(ms, closing.signal).catch(() => undefined);
    }
  }

  return {
    ...artifacts,
    sweepNow,
    tellNow,

    routes(app) {
      artifactRoutes(app, { ...deps, bytes, artifacts });
      uploadRoutes(app, deps, settings, space);
      nodeTransferRoutes(app, { ...deps, bytes }, settings, space);
    },

    async start() {
      await space.check();
      await leadership.start();
      work = Promise.all([
        every(SPACE_CHECK_MS, 'looking at the free space', () => space.check()),
        every(settings.tellEveryMs, 'telling nodes what to throw away', tellNow),
        every(settings.sweepEveryMs, 'the sweep of the store of files', sweepNow),
      ]);
    },

    async close() {
      closing.abort();
      await work;
      await leadership.close();
    },
  };
}
