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
import { sql } from 'kysely';
import pino from 'pino';
import { AppRecipe, AppSettings, type AppSettingsInput } from '../../workloads/streams/contract.ts';
import type { ControlMeasure, ControlOrder, ControlQuestion } from './control-process.ts';
import type { NodeOrder, NodeQuestion, NodeReport } from './node-process.ts';

/** A control plane with streams in a process of its own, a durable database, and one simulated node. */
export interface Installation {
  readonly url: string;
  /** Adds an app that anyone may open; resolves once its warm instances are connected. */
  addApp(slug: string, settings: AppSettingsInput): Promise<void>;
  setWarm(slug: string, warm: number): Promise<void>;
  /** Waits until so many instances' streamers are connected on the node. */
  untilConnected(streamers: number): Promise<void>;
  measure(): Promise<ControlMeasure>;
  node(): Promise<NodeReport>;
  /** How sessions of an app have ended so far, and how often. */
  ends(slug: string): Promise<Readonly<Record<string, number>>>;
  cutStreamers(): void;
  close(): Promise<void>;
}

const patienceMs = 60_000;

export async function openInstallation(signal: AbortSignal): Promise<Installation> {
  const folder = await mkdtemp(join(tmpdir(), 'backlot-bench-streams-'));
  await chmod(folder, 0o755); // the database server may run as another user
  const log = pino({ level: 'silent' });
  const undo: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step().catch(() => undefined);
  };
  try {
    const server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), log });
    undo.push(() => server.close());
    const order: ControlOrder = {
      database: server.connection,
      dataDir: join(folder, 'control'),
      logFile: join(folder, 'control.log'),
    };
    const control = startProcess('control-process.ts', JSON.stringify(order), ['--expose-gc']);
    undo.push(() => end(control, 'close'));
    const { url } = await told<{ url: string }>(control, signal);

    const store = openDatabase({ address: server.connection, log });
    undo.push(() => store.close());
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const nodeId = newId();
    await store.db
      .insertInto('node')
      .values({
        id: nodeId,
        name: 'bench',
        public_key: publicKey.export({ format: 'jwk' }).x ?? '',
        pool: 'default',
      })
      .execute();
    const nodeOrder: NodeOrder = {
      url: `${url.replace(/^http/, 'ws')}/api/v1/node/link`,
      id: nodeId,
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
    const node = startProcess('node-process.ts', JSON.stringify(nodeOrder));
    undo.push(() => end(node));
    await told(node, signal);

    const ask = async (question: NodeQuestion) => {
      const answer = told<NodeReport>(node, signal);
      node.send(question);
      return answer;
    };
    const installation: Installation = {
      url,
      async addApp(slug, input) {
        const settings = AppSettings.parse({ access: 'anyone', ...input });
        const recipe = AppRecipe.parse({
          launch: { argv: ['simulated'] },
          resources: { cpu: 1, memory: 1 },
          reset: { kind: 'stdin', line: 'reset', acknowledge: 'ok' },
        });
        const id = newId();
        await sql`
          WITH app AS (
            INSERT INTO streams_app (id, project_id, slug, settings, enabled, warm, max_instances, last_version, active_version)
            SELECT ${id}, p.id, ${slug}, ${JSON.stringify(settings)}, true, ${settings.warm}, ${settings.maxInstances}, 1, 1
            FROM (SELECT id FROM project ORDER BY created_at LIMIT 1) p RETURNING id
          )
          INSERT INTO streams_app_version (app_id, version, recipe, note, created_by)
          SELECT id, 1, ${JSON.stringify(recipe)}, '', 'bench' FROM app
        `.execute(store.db);
        await installation.untilConnected(settings.warm);
      },
      async setWarm(slug, warm) {
        await sql`
          UPDATE streams_app SET warm = ${warm}, settings = jsonb_set(settings::jsonb, '{warm}', ${String(warm)}::jsonb)
          WHERE slug = ${slug}
        `.execute(store.db);
      },
      async untilConnected(streamers) {
        const begun = systemClock.monotonic();
        while ((await ask('report')).connected < streamers) {
          if (systemClock.monotonic() - begun > patienceMs) {
            throw new Error(
              `Of ${streamers} streamers are connected: ${JSON.stringify(await ask('report'))}`,
            );
          }
          await systemClock.sleep(20, signal);
        }
      },
      async measure() {
        const answer = told<ControlMeasure>(control, signal);
        control.send('measure' satisfies ControlQuestion);
        return answer;
      },
      node: () => ask('report'),
      async ends(slug) {
        const { rows } = await sql<{ why: string; count: number }>`
          SELECT s.end_reason AS why, count(*)::int AS count FROM streams_session s JOIN streams_app a ON a.id = s.app_id
          WHERE a.slug = ${slug} AND s.end_reason IS NOT NULL GROUP BY 1
        `.execute(store.db);
        return Object.fromEntries(rows.map(({ why, count }) => [why, count]));
      },
      cutStreamers: () => void node.send('cut-streamers' satisfies NodeQuestion),
      close,
    };
    return installation;
  } catch (error) {
    await close();
    throw error;
  }
}

function startProcess(file: string, argument: string, flags: readonly string[] = []): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), [argument], {
    execArgv: [...flags],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

async function told<T>(child: ChildProcess, signal: AbortSignal): Promise<T> {
  const ended = new AbortController();
  const exit = once(child, 'exit', { signal: ended.signal }).then(() => {
    throw new Error('A process of the bench ended early.');
  });
  exit.catch(() => undefined);
  try {
    const [message] = (await Promise.race([once(child, 'message', { signal }), exit])) as [T];
    return message;
  } finally {
    ended.abort();
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
