import type { ControlWorkload } from '@backlot/control/workload';
import {
  INSTANCE_JOB,
  INSTANCE_TASK,
  InstanceParameters,
  InstanceResult,
  streamPhrases,
} from '../contract.ts';
import { ensureDemoApp } from './apps/demo-app.ts';
import { appRoutes } from './apps/routes.ts';
import { importRoutes } from './import/routes.ts';
import { instanceJob } from './instances/instance-job.ts';
import { JobFollower } from './instances/job-follower.ts';
import { instanceRoutes } from './instances/routes.ts';
import { migrations } from './migrations.ts';
import { permissions } from './permissions.ts';
import { runtimeOf } from './runtime.ts';
import { sessionRoutes } from './sessions/routes.ts';
import { signallingSockets } from './signalling/index.ts';
import { countEnds } from './stats/count-ends.ts';
import { exposeMetrics } from './stats/metrics.ts';
import { tables } from './tables.ts';
import { nobodyIsHere, Ticker } from './ticker.ts';
import { turnRoutes } from './turn/routes.ts';

/** What streams bring to the control plane: apps, instances, sessions, signalling, and their routes. */
export const streamsControl: ControlWorkload = {
  name: 'streams',
  migrations,
  permissions,
  phrases: streamPhrases,
  taskKinds: { [INSTANCE_TASK]: { parameters: InstanceParameters, result: InstanceResult } },
  jobKinds: { [INSTANCE_JOB]: instanceJob },
  reactions: [countEnds],
  routes(app, kernel) {
    appRoutes(app, kernel);
    instanceRoutes(app, kernel);
    sessionRoutes(app, kernel);
    importRoutes(app, kernel);
    turnRoutes(app, kernel, 'settings.read');
  },
  sockets: signallingSockets((kernel) => runtimeOf(kernel).signalling),
  pages: [{ path: '/s/:app', framed: true }],
  async live(kernel) {
    const row = await tables(kernel.db)
      .selectFrom('streams_session')
      .select((query) => query.fn.countAll<string>().as('live'))
      .where('state', 'in', ['waiting', 'ready', 'active', 'idle'])
      .executeTakeFirst();
    return Number(row?.live ?? 0);
  },
  async start(kernel) {
    const { ground, signalling } = runtimeOf(kernel);
    await nobodyIsHere(ground);
    await ensureDemoApp(ground);
    exposeMetrics(ground);
    const ticker = new Ticker(ground);
    ground.words.start();
    const follower = new JobFollower(ground);
    follower.start();
    ticker.start();
    return {
      async close() {
        signalling.close();
        await follower.close();
        await ticker.close();
        ground.words.close();
        await ground.keeper.close();
      },
    };
  },
};
