import { createControl } from '@backlot/control';
import type { DatabaseAddress } from '@backlot/control/db/pool';
import pino from 'pino';
import { streamsControl } from '../../workloads/streams/control/index.ts';

/** What the bench tells the control process that it measures, as its only argument. */
export interface ControlOrder {
  readonly database: DatabaseAddress;
  readonly dataDir: string;
  readonly logFile: string;
}
export type ControlQuestion = 'measure' | 'close';
export interface ControlMeasure {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly cpuMicros: number;
}

/** A whole control plane with streams, at its usual level of logging. */
const order = JSON.parse(process.argv[2] ?? '{}') as ControlOrder;
const control = await createControl({
  config: { host: '127.0.0.1', port: 0, dataDir: order.dataDir },
  database: order.database,
  workloads: [streamsControl],
  log: pino({ level: 'info' }, pino.destination({ dest: order.logFile, sync: false })),
});

process.on('message', (question: ControlQuestion) => {
  if (question === 'close') {
    void control.close({ graceMs: 500 }).then(() => process.exit(0));
    return;
  }
  // What is only garbage is no cost of a player.
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  process.send?.({ rss, heapUsed, external, cpuMicros: user + system } satisfies ControlMeasure);
});
process.on('disconnect', () => process.exit(1));
process.send?.({ url: control.url });
