import { createControl } from '@backlot/control';
import type { DatabaseAddress } from '@backlot/control/db/pool';
import pino from 'pino';

/** What the bench tells the control process it measures, as its only argument. */
export interface ControlOrder {
  readonly database: DatabaseAddress;
  readonly dataDir: string;
  readonly nodes: number;
}

/** What it is asked, and what it answers: everything is measured in the process itself. */
export type ControlQuestion = { readonly ask: 'measure' } | { readonly ask: 'close' };
export interface ControlMeasure {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly cpuMicros: number;
  readonly at: number;
}

const order = JSON.parse(process.argv[2] ?? '{}') as ControlOrder;
const control = await createControl({
  config: { host: '127.0.0.1', port: 0, dataDir: order.dataDir },
  database: order.database,
  workloads: [],
  log: pino({ level: 'warn' }, pino.destination(2)),
});

process.on('message', (question: ControlQuestion) => {
  if (question.ask === 'close') {
    void control.close({ graceMs: 1_000 }).then(() => process.exit(0));
    return;
  }
  // What is only garbage is no cost of a node.
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  process.send?.({
    rss,
    heapUsed,
    external,
    cpuMicros: user + system,
    at: performance.now(),
  } satisfies ControlMeasure);
});
process.on('disconnect', () => process.exit(1));
process.send?.({ url: control.url });
