import type { ControlWorkload } from '@backlot/control/workload';
import { roomPermissions } from '../contract/api.ts';
import { roomPhrases } from '../contract/phrases.ts';
import { RECORDING_JOB } from '../contract/recording.ts';
import { ROOM_JOB } from '../contract/room.ts';
import {
  RecordParameters,
  RecordResult,
  ShardParameters,
  ShardResult,
  taskKinds,
} from '../contract/tasks.ts';
import { doorMigrations, recordingReaction } from './doors.ts';
import { recordingDoneTrigger } from './flows/recording-done.ts';
import { migrations } from './migrations.ts';
import { recordingJob } from './recordings/recording-job.ts';
import { roomJob } from './rooms/room-job.ts';
import { runtimeOf } from './runtime.ts';
import { signallingRoute } from './signalling/socket-route.ts';
import { tables } from './tables.ts';

/** What rooms bring to the control plane. */
export const roomsControl: ControlWorkload = {
  name: 'rooms',
  migrations: [...migrations, ...doorMigrations],
  permissions: roomPermissions,
  phrases: roomPhrases,
  taskKinds: {
    [taskKinds.shard]: { parameters: ShardParameters, result: ShardResult },
    [taskKinds.record]: { parameters: RecordParameters, result: RecordResult },
  },
  jobKinds: { [ROOM_JOB]: roomJob, [RECORDING_JOB]: recordingJob },
  triggers: [recordingDoneTrigger],
  reactions: [recordingReaction((kernel) => runtimeOf(kernel).doors)],
  routes: (app, kernel) => runtimeOf(kernel).doors.routes(app),
  sockets: [signallingRoute],
  pages: [{ path: '/r/:room', framed: true }],
  async live(kernel) {
    const row = await tables(kernel.db)
      .selectFrom('rooms_room')
      .select((query) => query.fn.countAll<string>().as('open'))
      .where('closed_at', 'is', null)
      .where('state', '<>', 'created')
      .executeTakeFirst();
    return Number(row?.open ?? 0);
  },
  async start(kernel) {
    const { rooms, doors } = runtimeOf(kernel);
    await rooms.start();
    await doors.start();
    return {
      async close() {
        await doors.close();
        await rooms.shutdown();
      },
    };
  },
};
