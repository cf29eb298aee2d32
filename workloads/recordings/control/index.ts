import type { ControlWorkload } from '@backlot/control/workload';
import { ENGINE_TASK } from '../contract/engine.ts';
import { JOIN_TASK, JoinParameters, JoinReport } from '../contract/join.ts';
import { recordingPermissions } from '../contract/permissions.ts';
import { recordingPhrases } from '../contract/phrases.ts';
import { CHANNEL_JOB, WATCH_TASK, WatchParameters, WatchResult } from '../contract/watch.ts';
import { markVerified } from './broadcasts/mark-verified.ts';
import { broadcastRoutes } from './broadcasts/routes.ts';
import { takeIn } from './broadcasts/take-in.ts';
import { channelJob } from './channels/channel-job.ts';
import { channelRoutes } from './channels/routes.ts';
import { compatRoutes, compatSockets, startCompat } from './compat/index.ts';
import { recordingStepKinds, recordingTriggers } from './flows/index.ts';
import { migrations } from './migrations.ts';
import { runtimeOf } from './runtime.ts';
import { tables } from './tables.ts';

/** What recordings bring to the control plane. */
export const recordingsControl: ControlWorkload = {
  name: 'recordings',
  migrations,
  permissions: recordingPermissions,
  phrases: recordingPhrases,
  taskKinds: {
    [WATCH_TASK]: { parameters: WatchParameters, result: WatchResult },
    [ENGINE_TASK]: { parameters: WatchParameters, result: WatchResult },
    [JOIN_TASK]: { parameters: JoinParameters, result: JoinReport },
  },
  jobKinds: { [CHANNEL_JOB]: channelJob },
  reactions: [takeIn, markVerified],
  steps: recordingStepKinds,
  triggers: recordingTriggers,
  sockets: compatSockets,
  routes(app, kernel) {
    const { channels, broadcasts } = runtimeOf(kernel);
    channelRoutes(app, kernel, channels);
    broadcastRoutes(app, kernel, broadcasts);
    compatRoutes(app, kernel);
  },
  async live(kernel) {
    const row = await tables(kernel.db)
      .selectFrom('recordings_channel')
      .select((query) => query.fn.countAll<string>().as('live'))
      .where('state', '=', 'live')
      .executeTakeFirst();
    return Number(row?.live ?? 0);
  },
  async start(kernel) {
    const { keeper, sweep } = runtimeOf(kernel);
    keeper.start();
    sweep.start();
    const compat = await startCompat(kernel);
    return {
      async close() {
        await compat.close();
        await keeper.close();
        await sweep.close();
      },
    };
  },
};
