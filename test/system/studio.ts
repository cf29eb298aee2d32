import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { processesOf } from './processes.ts';
import { waitUntil } from './wait-until.ts';

/**
 * The real product, started as a user starts it (`backlot up`) in a folder of its own, and everything needed to
 * look at it, hurt it and clean up after it. Nothing in here reaches inside: HTTP, signals and `/proc` only.
 */
export interface Studio {
  readonly url: string;
  readonly dataDir: string;
  readonly token: string;
  readonly up: ChildProcess;
  /** JSON over the API as the administrator. Rejects with the problem document's code and sentence. */
  api<T>(method: string, path: string, body?: unknown): Promise<T>;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Pids as `up` keeps them in `run/up.json`. */
  pids(): Promise<{
    up: number;
    control?: number | undefined;
    agent?: number | undefined;
    postgres?: number | undefined;
  }>;
  output(): Promise<string>;
  /** Ends it with SIGTERM, waits, and answers what is still alive of it. */
  close(): Promise<{ leftovers: string[]; code: number | null }>;
}

export interface StudioOptions {
  /** `backlot`: the product. `tiny`: the same with the testkit's tiny workload. */
  readonly flavour?: 'backlot' | 'tiny';
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Kept for a second start on the same data. */
  readonly keepData?: boolean;
  readonly token?: string;
  readonly port?: number;
}

const entries = {
  backlot: resolve(import.meta.dirname, '../../packages/cli/bin/backlot.mjs'),
  tiny: resolve(import.meta.dirname, 'backlot-tiny.mjs'),
};

/** A folder that an unprivileged PostgreSQL can reach. */
export async function makeDataDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'backlot-studio-'));
  await chmod(dir, 0o755);
  return dir;
}

export async function startStudio(options: StudioOptions = {}): Promise<Studio> {
  const dataDir = options.dataDir ?? (await makeDataDir());
  const token = options.token ?? `test-${randomBytes(24).toString('hex')}`;
  const logFile = join(dataDir, 'up.log');
  const log = openSync(logFile, 'a');
  const start = (await readFile(logFile)).length;
  const up = spawn(process.execPath, [entries[options.flavour ?? 'backlot'], 'up'], {
    stdio: ['ignore', log, log],
    detached: true,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '/nonexistent',
      LANG: 'C.UTF-8',
      BACKLOT_DATA_DIR: dataDir,
      BACKLOT_PORT: String(options.port ?? 0),
      BACKLOT_ADMIN_TOKEN: token,
      ...options.env,
    },
  });
  closeSync(log);
  const output = async () => (await readFile(logFile)).subarray(start).toString('utf8');

  const url = await waitUntil(
    'backlot up says that it is ready',
    async () => {
      if (up.exitCode !== null || up.signalCode !== null) {
        throw new Error(`backlot up ended with ${up.exitCode ?? up.signalCode}:\n${await output()}`);
      }
      return /Backlot is ready: (\S+)/.exec(await output())?.[1];
    },
    { limitMs: 180_000 },
  ).catch(async (error: unknown) => {
    await endAll(dataDir);
    throw error;
  });

  const request = (path: string, init: RequestInit = {}) =>
    fetch(new URL(path, url), {
      ...init,
      signal: init.signal ?? AbortSignal.timeout(60_000),
      headers: { authorization: `Bearer ${token}`, ...init.headers },
    });

  return {
    url,
    dataDir,
    token,
    up,
    output,
    fetch: request,
    async api<T>(method: string, path: string, body?: unknown): Promise<T> {
      const answer = await request(path, {
        method,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
      return (text === '' ? undefined : JSON.parse(text)) as T;
    },
    async pids() {
      const state = JSON.parse(await readFile(join(dataDir, 'run', 'up.json'), 'utf8')) as {
        pid: number;
        control?: { pid?: number };
        agent?: { pid?: number };
        postgres?: { pid?: number };
      };
      return {
        up: state.pid,
        control: state.control?.pid,
        agent: state.agent?.pid,
        postgres: state.postgres?.pid,
      };
    },
    async close() {
      const ended = new Promise<number | null>((done) => {
        if (up.exitCode !== null || up.signalCode !== null) done(up.exitCode);
        else up.once('exit', (code) => done(code));
      });
      up.kill('SIGTERM');
      const code = await Promise.race([
        ended,
        new Promise<number | null>((done) => setTimeout(() => done(null), 60_000).unref()),
      ]);
      // Processes that are ending at this moment are given a moment to be gone.
      await waitUntil('nothing of it is left', () => processesOf(dataDir).length === 0, {
        limitMs: 10_000,
      }).catch(() => undefined);
      const leftovers = processesOf(dataDir).map(
        (line) => `${line.pid} (parent ${line.parent}) ${line.command}`,
      );
      await endAll(dataDir);
      if (!options.keepData) await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
      return { leftovers, code };
    },
  };
}

/** The last resort, so that a failing test leaves nothing behind: by pid, only what names this data directory. */
export async function endAll(dataDir: string): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    const left = processesOf(dataDir);
    if (left.length === 0) return;
    for (const { pid } of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone already.
      }
    }
    await new Promise((done) => setTimeout(done, 100));
  }
}
