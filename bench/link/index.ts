import { type ChildProcess, fork } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@backlot/contract/clock';
import { newId } from '@backlot/contract/id';
import { openDatabase } from '@backlot/control/db/database';
import { startEmbeddedPostgres } from '@backlot/control/db/embedded/embedded-postgres';
import { kernelMigrations } from '@backlot/control/db/kernel-migrations';
import { migrate } from '@backlot/control/db/migrate';
import pino from 'pino';
import type { ControlMeasure, ControlOrder, ControlQuestion } from './control-process.ts';
import type { FleetOrder, FleetReport } from './fleet-process.ts';

export interface LinkBenchOptions {
  readonly nodes?: number;
  readonly seconds?: number;
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
}

/** The bars: what an idle node may cost the control process. */
const BARS = { bytesPerNode: 20_000, coreShare: 0.25 };
/** The nodes come in two halves, from a process each: what the second adds is what a node costs, start-up left out. */
const HALVES = 2;
const CONNECT_MS = 120_000;
/** Between the last welcome and the measurement: inventories are written, garbage is gone. */
const SETTLE_MS = 5_000;

/**
 * Memory and CPU of one control process with many idle nodes: a real database, real sockets and signatures, heartbeats
 * at the usual pace. The control process measures itself before the first node and after the last, so that what is
 * reported is what the nodes add: the socket, TLS left out, and all that we keep for it.
 */
export async function run({ nodes = 2_000, seconds = 30, signal, report }: LinkBenchOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'backlot-bench-link-'));
  await chmod(folder, 0o755); // the database server may run as another user
  const log = pino({ level: 'silent' });
  const undo: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    report('Starting a database');
    const server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), log });
    undo.push(() => server.close());
    const address = server.connection;
    const keys = await enrol(address, nodes, log);

    report('Starting a control process');
    const order: ControlOrder = { database: address, dataDir: join(folder, 'control'), nodes };
    const control = startProcess('control-process.ts', [JSON.stringify(order)], ['--expose-gc']);
    undo.push(() => end(control, { ask: 'close' } satisfies ControlQuestion));
    const { url } = await told<{ url: string }>(control, signal);
    const link = `${url.replace(/^http/, 'ws')}/api/v1/node/link`;
    await systemClock.sleep(2_000, signal);
    const before = await ask<ControlMeasure>(control, { ask: 'measure' }, signal);

    const half = Math.ceil(nodes / HALVES);
    const fleets: ChildProcess[] = [];
    const steps: ControlMeasure[] = [];
    let connectMs = 0;
    for (let from = 0; from < nodes; from += half) {
      const part = keys.slice(from, from + half);
      report(`Connecting ${part.length} nodes`);
      const began = performance.now();
      const fleet = startProcess('fleet-process.ts', []);
      undo.push(() => end(fleet));
      fleets.push(fleet);
      fleet.send({ url: link, nodes: part } satisfies FleetOrder);
      connectMs += await untilWelcomed(fleet, part.length, began, signal);
      await systemClock.sleep(SETTLE_MS, signal);
      steps.push(await ask<ControlMeasure>(control, { ask: 'measure' }, signal));
    }

    report(`Measuring for ${seconds} s`);
    for (const fleet of fleets) fleet.send('forget');
    const idle = await ask<ControlMeasure>(control, { ask: 'measure' }, signal);
    await systemClock.sleep(seconds * 1_000, signal);
    // Before the collection of garbage that the second measurement begins with.
    const busy = await ask<ControlMeasure>(control, { ask: 'measure' }, signal);
    const reports = await Promise.all(fleets.map((fleet) => ask<FleetReport>(fleet, 'report', signal)));

    const share = (busy.cpuMicros - idle.cpuMicros) / 1_000 / (busy.at - idle.at);
    const ours = (busy.heapUsed + busy.external - before.heapUsed - before.external) / nodes;
    const [first, last] = [steps.at(0), steps.at(-1)];
    const resident = first && last && first !== last ? (last.rss - first.rss) / (nodes - half) : 0;
    const sum = (name: keyof FleetReport) => reports.reduce((total, one) => total + one[name], 0);
    const slowestMs = Math.max(...reports.map((one) => one.slowestMs));
    return {
      measured: {
        nodes,
        connected: sum('welcomed') - sum('closed'),
        connectedPerSecond: Math.round(nodes / (connectMs / 1_000)),
        heapAndBuffersBytesPerNode: Math.round(ours),
        residentBytesPerFurtherNode: Math.round(resident),
        residentMegabytes: Math.round(busy.rss / 1e6),
        cpuShareOfOneCore: Number(share.toFixed(3)),
        heartbeatsPerSecond: Math.round(sum('heartbeats') / seconds),
        heartbeatsAnswered: sum('answered'),
        slowestHeartbeatMs: Math.round(slowestMs),
      },
      bars: [
        bar(
          'all nodes stay connected',
          String(nodes),
          String(sum('welcomed') - sum('closed')),
          sum('closed') === 0,
        ),
        bar(
          'memory per idle node, socket included',
          `<= ${BARS.bytesPerNode} bytes`,
          `${Math.round(ours)} bytes`,
          ours <= BARS.bytesPerNode,
        ),
        bar(
          'CPU of the control process',
          `<= ${BARS.coreShare} of a core`,
          share.toFixed(3),
          share <= BARS.coreShare,
        ),
      ],
    };
  } finally {
    for (const step of undo.reverse()) await step().catch(() => undefined);
  }
}

function bar(name: string, wanted: string, found: string, ok: boolean) {
  return { name, wanted, found, ok };
}

/** Makes the nodes as if they had joined. Joining itself is not what is measured. */
async function enrol(
  address: ControlOrder['database'],
  count: number,
  log: pino.Logger,
): Promise<FleetOrder['nodes']> {
  const store = openDatabase({ address, log });
  try {
    await migrate(store, [kernelMigrations], log);
    const nodes = Array.from({ length: count }, () => {
      const { publicKey, privateKey } = generateKeyPairSync('ed25519');
      return {
        id: newId(),
        publicKey: publicKey.export({ format: 'jwk' }).x ?? '',
        privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      };
    });
    for (let from = 0; from < count; from += 1_000) {
      const rows = nodes.slice(from, from + 1_000).map(({ id, publicKey }) => ({
        id,
        name: `bench-${id}`,
        public_key: publicKey,
        pool: 'default',
      }));
      await store.db.insertInto('node').values(rows).execute();
    }
    return nodes;
  } finally {
    await store.close();
  }
}

function startProcess(file: string, args: readonly string[], flags: readonly string[] = []): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), [...args], {
    execArgv: [...flags],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

async function told<T>(child: ChildProcess, signal: AbortSignal): Promise<T> {
  const [message] = (await once(child, 'message', { signal })) as [T];
  return message;
}

async function ask<T>(
  child: ChildProcess,
  question: ControlQuestion | 'report',
  signal: AbortSignal,
): Promise<T> {
  const answer = told<T>(child, signal);
  child.send(question);
  return answer;
}

async function untilWelcomed(
  fleet: ChildProcess,
  nodes: number,
  began: number,
  signal: AbortSignal,
): Promise<number> {
  for (;;) {
    const { welcomed } = await ask<FleetReport>(fleet, 'report', signal);
    const ms = performance.now() - began;
    if (welcomed >= nodes) return ms;
    if (ms > CONNECT_MS)
      throw new Error(`Only ${welcomed} of ${nodes} nodes were welcomed in ${CONNECT_MS / 1_000} s.`);
    await systemClock.sleep(100, signal);
  }
}

async function end(child: ChildProcess, goodbye?: ControlQuestion): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  if (goodbye) child.send(goodbye);
  else child.disconnect();
  const cancel = systemClock.after(5_000, () => child.kill('SIGKILL'));
  await ended;
  cancel();
}
