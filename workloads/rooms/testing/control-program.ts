import { createControl } from '@backlot/control';
import { createLog } from '@backlot/control/telemetry/log';
import { cheapPasswords } from '@backlot/testkit/test-front';
import { roomsControl } from '../control/index.ts';

/** A control plane with rooms as a process of its own, to be killed. `node control-program.ts DATABASE FOLDER PORT` */
const [database = '', dataDir = '', port = '0'] = process.argv.slice(2);

const control = await createControl({
  config: { host: '127.0.0.1', port: Number(port), dataDir, openMode: true },
  database,
  workloads: [roomsControl],
  log: createLog({ name: 'control', level: 'silent' }),
  passwordCost: cheapPasswords,
});
process.send?.({ url: control.url, port: control.port, joinToken: await control.localJoinToken() });
process.on('disconnect', () => void control.close({ graceMs: 200 }).then(() => process.exit(0)));
