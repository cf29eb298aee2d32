import { join } from 'node:path';
import { type Clock, healthPhrases, noTracer, reason, systemClock, type Tracer } from '@backlot/contract';
import type { FastifyPluginAsync, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Logger } from 'pino';
import manifest from '../package.json' with { type: 'json' };
import { createInstallationKeys } from './access/installation-keys.ts';
import { linkAddress } from './access/one-time-links.ts';
import type { ScryptCost } from './access/passwords.ts';
import { createArtifacts } from './artifacts/create-artifacts.ts';
import { createHeldBytes, withHolders } from './artifacts/held/held-bytes.ts';
import { recordBlob } from './artifacts/record-blob.ts';
import type { BlobAdapter } from './blobs/blob-adapter.ts';
import { openFsBlobStore } from './blobs/fs-blob-store.ts';
import { createPartLedger } from './blobs/part-ledger.ts';
import { openS3BlobStore } from './blobs/s3-blob-store.ts';
import type { S3Location } from './blobs/s3-objects.ts';
import { createCore } from './core.ts';
import { openDatabase, type Store } from './db/database.ts';
import { kernelMigrations } from './db/kernel-migrations.ts';
import { migrate } from './db/migrate.ts';
import type { DatabaseAddress } from './db/pool.ts';
import { createLocalFabric } from './fabric/local-fabric.ts';
import { createNatsFabric } from './fabric/nats-fabric.ts';
import { createAlone } from './flows/alone/create-alone.ts';
import { createFlows, type FlowsRoom } from './flows/create-flows.ts';
import { createFront } from './front.ts';
import { createAddressOf } from './http/client-address.ts';
import { registerPublicPages } from './http/public-pages.ts';
import { addressToVisit, type HttpServer } from './http/server.ts';
import { viewJobs } from './jobs/job-view.ts';
import type { Kernel, TurnServers } from './kernel.ts';
import { createLeadership } from './leader/leadership.ts';
import { createNodes, type NodesRoom } from './nodes/create-nodes.ts';
import { readNodes } from './nodes/fleet/node-views.ts';
import type { NodeSettings } from './nodes/settings.ts';
import { overviewRoutes } from './overview/routes.ts';
import { overviewSources } from './overview/sources.ts';
import { Ownership } from './ownership.ts';
import { createPipes } from './pipes/create-pipes.ts';
import { replicaName } from './replica.ts';
import { readTasks } from './tasks/task-view.ts';
import { watchDatabase } from './telemetry/watch-database.ts';
import type { ControlWorkload } from './workload.ts';

/** What an operator decides. The same names as in the configuration file and the environment. */
export interface ControlConfig {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The address by which browsers and nodes come, when it is not the one that is listened on. */
  readonly publicUrl?: string | undefined;
  readonly dataDir: string;
  /** BACKLOT_ADMIN_TOKEN. */
  readonly adminToken?: string | undefined;
  readonly s3?: S3Location | undefined;
  /** NATS server between several control processes on one database; without it this is the only one. */
  readonly natsUrl?: string | undefined;
  /** Proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies?: readonly string[] | undefined;
  readonly turn?: TurnServers | undefined;
  /** Off unless told. */
  readonly openMode?: boolean | undefined;
  /** How long a lost node must have been away before runs that it has begun go on elsewhere; 30 minutes unless told. Milliseconds. */
  readonly runsElsewhereAfterMs?: number | undefined;
}

export interface ControlOptions {
  readonly config: ControlConfig;
  readonly database: DatabaseAddress;
  readonly workloads: readonly ControlWorkload[];
  /** The folder of the built console; without it only the API is served. */
  readonly consoleDir?: string | undefined;
  readonly log: Logger;
  readonly clock?: Clock | undefined;
  /** In [0, 1), for jitter. */
  readonly random?: (() => number) | undefined;
  readonly passwordCost?: ScryptCost | undefined;
  /** Intervals of links and leases, where they are to differ from the usual ones. */
  readonly nodeSettings?: Partial<NodeSettings> | undefined;
  /** Records requests and calls. Whoever made it closes it, after the control plane. */
  readonly tracer?: Tracer | undefined;
}

/** A running control plane. */
export interface Control {
  /** Where people and nodes reach it, without a trailing slash. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly kernel: Kernel;
  readonly store: Store;
  /** The server, for tests that look at every route. */
  readonly http: HttpServer;
  /** A new set-up link, or null when the installation is set up (or has an administration token). */
  setupLink(): Promise<string | null>;
  /** A token by which the agent on this machine joins: one use, a few minutes. */
  localJoinToken(): Promise<string>;
  /** Ends everything that this started. Running work goes on. Harmless when repeated. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

const version = manifest.version;
/** Answers that are being given may take so long when the control plane closes. */
const defaultGraceMs = 4_000;

/**
 * Assembles the control plane and starts it: the only place that knows which room stands behind which port.
 *
 * It is either all there or not at all: when a part fails to start, those that have started are closed again.
 * @throws database_unavailable, database_too_old, database_newer, address_in_use, address_not_allowed, …
 */
export async function createControl(options: ControlOptions): Promise<Control> {
  const clock = options.clock ?? systemClock;
  const ownership = new Ownership(clock, options.log);
  try {
    return await start(options, clock, ownership);
  } catch (error) {
    await ownership.closeAll(2_000);
    throw error;
  }
}

async function start(options: ControlOptions, clock: Clock, owned: Ownership): Promise<Control> {
  const { config, log, workloads } = options;
  const random = options.random ?? Math.random;
  const tracer = options.tracer ?? noTracer;
  const store = openDatabase({ address: options.database, log, clock });
  owned.add('database', () => store.close());
  await store.check();
  await migrate(
    store,
    [kernelMigrations, ...workloads.map(({ name, migrations = [] }) => ({ name, migrations }))],
    log,
  );
  const replica = await replicaName(config.dataDir);

  // Known for certain once the server listens; links and commands are made only after that.
  let url = config.publicUrl ?? addressToVisit(config.host, config.port);
  const publicUrl = () => url;
  let kernel: Kernel | undefined;
  const theKernel = (): Kernel => {
    if (!kernel) throw new Error('The kernel is used before it is complete.');
    return kernel;
  };

  // Reported to the health board and the readers of events as soon as there are any.
  let onReach: (reached: boolean) => void = () => undefined;
  const fabric = config.natsUrl
    ? createNatsFabric({ url: config.natsUrl, log, clock, onReach: (reached) => onReach(reached) })
    : createLocalFabric({ log, clock });
  owned.add('fabric', () => fabric.close());
  const leadership = createLeadership;
  const front = await createFront({
    store,
    fabric,
    leadership,
    replica,
    workloads,
    kernel: theKernel,
    adminToken: config.adminToken,
    publicUrl,
    consoleDir: options.consoleDir,
    trustedProxies: config.trustedProxies,
    version,
    clock,
    log,
    tracer,
    passwordCost: options.passwordCost,
    reactions: () => flows.workload.reactions ?? [],
  });
  const { access, audit, events, http, health, tokens } = front;
  owned.add('front', () => front.close());
  const metrics = front.metrics.registry;
  if (config.natsUrl) {
    health.set('fabric', 'degraded', fabricAway);
    onReach = (reached) => {
      health.set('fabric', reached ? 'ok' : 'degraded', reached ? undefined : fabricAway);
      // What was said meanwhile is lost: whoever waits for words looks for itself.
      if (reached) events.wake();
    };
  }

  const blobs = await openBlobs(config, store);
  owned.add('files', () => blobs.close());
  const pipes = createPipes(clock);
  owned.add('pipes', async () => pipes.close());
  const bytes = createHeldBytes({ store, events, blobs, pipes, nodes: () => nodes, log });
  const shared = { store, clock, log, events, audit, access, metrics };
  const artifacts = createArtifacts({
    ...shared,
    blobs,
    bytes,
    nodes: () => nodes,
    health,
    replica,
    guards: workloads.flatMap(({ artifactGuard }) => artifactGuard ?? []),
    kernel: theKernel,
  });
  const nodes: NodesRoom = createNodes({
    ...shared,
    reports: () => core.reports,
    placement: () => core.placement,
    tokens,
    fabric,
    tracer,
    random,
    publicUrl,
    replica,
    ...(options.nodeSettings === undefined ? {} : { settings: options.nodeSettings }),
  });
  const flows: FlowsRoom = createFlows({
    ...shared,
    artifacts,
    workloads,
    leadership,
    replica,
    kernel: theKernel,
    core: () => core.forFlows,
  });
  const core = createCore({
    ...shared,
    random,
    artifacts,
    tokens,
    blobs,
    workloads: [...workloads, flows.workload],
    settleRun: (change, jobId) => flows.settle(change, jobId),
    kernel: theKernel,
    nodes: () => nodes,
    leadership,
    replica,
    retention: async () => ({ eventDays: (await front.settings.read('retention')).eventDays }),
  });

  const alone = createAlone({
    db: store.db,
    clock,
    log,
    nodes: () => nodes,
    flows,
    kernel: theKernel,
    changes: () => core.forFlows.changes,
    findTask: (kind) => core.forFlows.kinds.findTask(kind),
    takeStep: (nodeId, run, step) => core.takeAloneStep(nodeId, run, step),
    elsewhereAfterMs: config.runsElsewhereAfterMs,
  });
  flows.onClaim((nodeId, key) => alone.ask(nodeId, key));
  nodes.onCall('flows.', (nodeId, call) => alone.call(nodeId, call));

  kernel = {
    db: store.db,
    clock,
    log,
    blobs: withHolders(blobs, bytes),
    fabric,
    events,
    audit,
    access,
    jobs: core.jobs,
    artifacts,
    pipes,
    flows,
    nodes,
    placement: core.placement,
    metrics,
    health,
    tracer,
    publicUrl,
    turn: config.turn ?? { urls: [], secret: null },
    openMode: config.openMode ?? false,
    addressOf: createAddressOf(config.trustedProxies),
    key: createInstallationKeys(store.db),
    transaction: (work) => store.transaction(work),
  };

  front.routes();
  artifacts.routes(http.app);
  pipes.routes(http.app);
  core.routes(http.app);
  flows.routes(http.app);
  nodes.routes(http.app);
  nodes.sockets(http.sockets);
  overviewRoutes(http.app, {
    db: store.db,
    access,
    blobs,
    sources: overviewSources(store.db, { nodes: readNodes, jobs: viewJobs, tasks: readTasks }),
    workloads,
    kernel: theKernel,
    health: () => health.read(version),
    log,
  });
  for (const workload of workloads) await addWorkload(workload, kernel, http, options.consoleDir);
  await http.ready();

  await front.start();
  owned.add('artifacts', () => artifacts.close());
  await artifacts.start();
  owned.add('core', () => core.close());
  await core.start();
  owned.add('flows', () => flows.close());
  await flows.run();
  owned.add('nodes that are alone', () => alone.close());
  alone.start();
  const watch = watchDatabase({ store, board: health, clock });
  owned.add('database watch', () => watch.close());
  for (const workload of workloads) {
    const running = await workload.start?.(kernel);
    if (running) owned.add(workload.name, () => running.close());
  }
  let graceMs = defaultGraceMs;
  owned.add('http', () => http.close(graceMs));
  const bound = await http.listen(config.host, config.port);
  url = config.publicUrl ?? addressToVisit(bound.host, bound.port);
  owned.add('nodes', () => nodes.close());
  nodes.start();
  log.info({ url, version, replica }, 'the control plane is ready');

  let closing: Promise<void> | undefined;
  return {
    get url() {
      return url;
    },
    host: bound.host,
    port: bound.port,
    kernel,
    store,
    http,
    async setupLink() {
      const token = await front.signIn.newSetupToken();
      return token === null ? null : linkAddress(url, token);
    },
    localJoinToken: () => nodes.localJoinToken(),
    close(closeOptions) {
      graceMs = closeOptions?.graceMs ?? defaultGraceMs;
      closing ??= owned.closeAll(graceMs + 1_000);
      return closing;
    },
  };
}

const fabricAway = reason(healthPhrases, 'health.fabric_away');

async function openBlobs(config: ControlConfig, store: Store): Promise<BlobAdapter> {
  const beforePublish = recordBlob(store.db);
  if (config.s3) return openS3BlobStore({ ...config.s3, ledger: createPartLedger(store.db), beforePublish });
  return await openFsBlobStore({ directory: join(config.dataDir, 'blobs'), beforePublish });
}

/** Gives a workload its routes, pages and sockets. What it registers besides (content types, hooks) stays within its own scope. */
async function addWorkload(
  workload: ControlWorkload,
  kernel: Kernel,
  http: HttpServer,
  consoleDir: string | undefined,
): Promise<void> {
  const routes: FastifyPluginAsync<Record<never, never>, RawServerDefault, ZodTypeProvider, Logger> = async (
    scope,
  ) => {
    await workload.routes?.(scope, kernel);
    registerPublicPages(scope, { workload: workload.name, pages: workload.pages ?? [], consoleDir });
  };
  await http.app.register(routes);
  for (const { connect, ...endpoint } of workload.sockets ?? []) {
    http.sockets.route({
      ...endpoint,
      connect: (socket, request, params) => connect(socket, request, params, kernel),
    });
  }
}
