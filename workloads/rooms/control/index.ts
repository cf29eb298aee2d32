import type { ControlWorkload } from '@backlot/control/workload';
import { roomPhrases } from '../contract/phrases.ts';
import { ROOM_JOB } from '../contract/room.ts';
import {
  RecordParameters,
  RecordResult,
  ShardParameters,
  ShardResult,
  taskKinds,
} from '../contract/tasks.ts';
import { migrations } from './migrations.ts';
import { roomJob } from './rooms/room-job.ts';
import { runtimeOf } from './runtime.ts';
import { signallingRoute } from './signalling/socket-route.ts';
import { tables } from './tables.ts';

/** What rooms bring to the control plane. */
export const roomsControl: ControlWorkload = {
  name: 'rooms',
  migrations,
  permissions: {
    'rooms.read': { role: 'viewer' },
    'rooms.join': { role: 'submitter' },
    'rooms.write': { role: 'submitter' },
    'rooms.moderate': { role: 'operator' },
  },
  phrases: roomPhrases,
  taskKinds: {
    [taskKinds.shard]: { parameters: ShardParameters, result: ShardResult },
    [taskKinds.record]: { parameters: RecordParameters, result: RecordResult },
  },
  jobKinds: { [ROOM_JOB]: roomJob },
  sockets: [signallingRoute],
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
    const { rooms } = runtimeOf(kernel);
    await rooms.start();
    return { close: () => rooms.shutdown() };
  },
};
