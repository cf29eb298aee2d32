import type { Clock, Tracer } from '@backlot/contract';
import type { Logger } from 'pino';
import { Accounts } from './access/accounts.ts';
import { createAllocationTokens } from './access/allocation-tokens.ts';
import { auditLog } from './access/audit-log.ts';
import { Authenticator } from './access/authentication.ts';
import { Passwords, type ScryptCost } from './access/passwords.ts';
import { createAccessControl, mergePermissions } from './access/permissions.ts';
import { accessRoutes } from './access/routes.ts';
import { SignIn } from './access/sign-in.ts';
import { Tokens } from './access/tokens.ts';
import type { Store } from './db/database.ts';
import { EventHub } from './events/event-hub.ts';
import { createEventLog } from './events/event-log.ts';
import { Reactions } from './events/reactions.ts';
import { eventRoutes } from './events/routes.ts';
import { createHttpServer, type HttpServer } from './http/server.ts';
import {
  type AccessControl,
  type AllocationTokens,
  type AuditLog,
  type EventLog,
  type Fabric,
  type Kernel,
  systemActor,
} from './kernel.ts';
import type { LeadershipFactory } from './leader/leadership.ts';
import { Projects } from './projects/projects.ts';
import { projectRoutes } from './projects/routes.ts';
import { settingsRoutes } from './settings/routes.ts';
import { Settings } from './settings/settings.ts';
import { HealthBoard } from './telemetry/health.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { telemetryRoutes } from './telemetry/routes.ts';
import { Dispatcher } from './webhooks/dispatcher.ts';
import { webhookRoutes } from './webhooks/routes.ts';
import { Webhooks } from './webhooks/webhooks.ts';
import type { ControlWorkload, EventReaction } from './workload.ts';

export interface FrontOptions {
  readonly store: Store;
  readonly fabric: Fabric;
  readonly leadership: LeadershipFactory;
  readonly replica: string;
  readonly workloads: readonly ControlWorkload[];
  /** Asked for at each use: the kernel is complete only after the front. */
  readonly kernel: () => Kernel;
  readonly adminToken?: string | undefined;
  readonly publicUrl: () => string;
  readonly consoleDir?: string | undefined;
  readonly trustedProxies?: readonly string[] | undefined;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly tracer?: Tracer | undefined;
  /** Reactions of the kernel's own rooms; asked for when the front starts. */
  readonly reactions?: (() => readonly EventReaction[]) | undefined;
  /** Cost of password hashes; the standard one when not given. */
  readonly passwordCost?: ScryptCost | undefined;
}

/** The rooms that face people and programs: HTTP, access, events, webhooks, settings, health. */
export interface Front {
  readonly http: HttpServer;
  readonly access: AccessControl;
  readonly audit: AuditLog;
  readonly events: EventLog;
  readonly hub: EventHub;
  readonly tokens: AllocationTokens;
  readonly settings: Settings;
  readonly health: HealthBoard;
  readonly metrics: Metrics;
  readonly signIn: SignIn;
  /** Registers the routes of these rooms. */
  routes(): void;
  /** Starts what runs beside requests. */
  start(): Promise<void>;
  /** Stops it again; the HTTP server is closed by its own `close`, before. */
  close(): Promise<void>;
}

/** Puts the front together. Nothing listens and nothing runs before it is asked to. */
export async function createFront(options: FrontOptions): Promise<Front> {
  const { store, fabric, leadership, replica, workloads, clock, log, adminToken, kernel, version } = options;
  const { publicUrl } = options;
  const access = createAccessControl(mergePermissions(workloads));
  const audit = auditLog;
  const metrics = createMetrics();
  const health = new HealthBoard(clock, ['database']);
  const events = createEventLog(fabric);
  const settings = new Settings({ store, audit });
  const tokens = await createAllocationTokens(store.db, clock);
  const authenticator = new Authenticator({ store, tokens, adminToken, log });
  const http = await createHttpServer({
    store,
    access,
    audit,
    authenticator,
    kernel,
    metrics,
    clock,
    log,
    tracer: options.tracer,
    version,
    publicUrl,
    consoleDir: options.consoleDir,
    trustedProxies: options.trustedProxies,
  });
  const passwords = new Passwords(options.passwordCost);
  const { limiter, longAnswers, app } = http;
  const accounts = new Accounts({ store, audit, passwords });
  const signIn = new SignIn({ store, audit, passwords, limiter, metrics, adminToken });
  const projects = new Projects({ store, audit, events });
  const hub = new EventHub({ db: store.db, fabric, health, metrics, clock, log });
  const running = { store, fabric, leadership, replica, health, metrics, clock, log };
  const reactions = new Reactions({ ...running, kernel, workloads, more: options.reactions });
  const dispatcher = new Dispatcher({ ...running, settings });
  const webhooks = new Webhooks({ store, audit, settings });

  return {
    http,
    access,
    audit,
    events,
    hub,
    tokens,
    settings,
    health,
    metrics,
    signIn,

    routes() {
      const apiTokens = new Tokens({ store, audit, permissions: access.permissions });
      const secure = () => publicUrl().startsWith('https:');
      accessRoutes(app, { store, access, audit, accounts, signIn, tokens: apiTokens, clock, publicUrl });
      projectRoutes(app, { projects, access });
      eventRoutes(app, { db: store.db, hub, access, authenticator, longAnswers, metrics, clock, secure });
      webhookRoutes(app, { webhooks, dispatcher, access });
      telemetryRoutes(app, { store, board: health, metrics, access, clock, version });
      settingsRoutes(app, {
        settings,
        about: async () => ({
          name: (await settings.read('installation')).name,
          version,
          node: process.version,
          database: `PostgreSQL ${(await store.check()).version}`,
          workloads: workloads.map((workload) => workload.name),
          publicUrl: publicUrl(),
        }),
      });
    },

    async start() {
      await projects.ensureOne(systemActor);
      await hub.start();
      await reactions.start();
      dispatcher.start();
    },

    async close() {
      await Promise.all([dispatcher.close(), reactions.close()]);
      await hub.close();
      metrics.close();
    },
  };
}
