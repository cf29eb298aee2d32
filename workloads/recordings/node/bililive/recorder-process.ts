import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChildTree, childEnvironment } from '../sources/child-tree.ts';
import { RecorderApi } from './recorder-api.ts';
import type { EngineSettings } from './settings.ts';

const startMs = 60_000;
const firstWaitMs = 1_000;
const longestWaitMs = 30_000;

export type Say = (message: string, details?: Record<string, unknown>) => void;

/**
 * The BililiveRecorder of this node: ours (a port, a user and a password that nobody else knows, started again when it ends), or
 * one that runs anyway.
 */
export class RecorderProcess {
  readonly #settings: EngineSettings;
  readonly #say: Say;
  readonly #abort = new AbortController();
  #api: RecorderApi | undefined;
  #running: Promise<void> = Promise.resolve();
  #child: ChildTree | undefined;

  constructor(settings: EngineSettings, say: Say) {
    this.#settings = settings;
    this.#say = say;
  }

  /** Undefined while it is not there. A new one after each start: what was configured is to be configured again. */
  get api(): RecorderApi | undefined {
    return this.#api;
  }

  start(): void {
    const { url, user, pass, binary } = this.#settings;
    if (url !== null) this.#api = new RecorderApi({ url, user, pass, signal: this.#abort.signal });
    else if (binary !== null) this.#running = this.#keep(binary);
  }

  async close(): Promise<void> {
    this.#abort.abort();
    this.#child?.end();
    await this.#running;
  }

  async #keep(binary: string): Promise<void> {
    const { signal } = this.#abort;
    let failures = 0;
    while (!signal.aborted) {
      const began = performance.now();
      try {
        await this.#run(binary);
      } catch (error) {
        this.#say('BililiveRecorder could not be started', { error: String(error) });
      }
      this.#api = undefined;
      if (signal.aborted) return;
      failures = performance.now() - began > 60_000 ? 0 : failures + 1;
      const wait = Math.min(firstWaitMs * 2 ** Math.min(failures, 10), longestWaitMs);
      this.#say('BililiveRecorder has ended; it is started again', { waitMs: wait });
      await sleep(wait, undefined, { signal }).catch(() => undefined);
    }
  }

  async #run(binary: string): Promise<void> {
    const { dir, port: wanted } = this.#settings;
    await mkdir(dir, { recursive: true });
    const port = wanted ?? (await freePort());
    const user = 'backlot';
    const pass = randomBytes(24).toString('base64url');
    const url = `http://127.0.0.1:${port}`;
    const child = new ChildTree([binary, 'run', '--bind', url, dir], {
      cwd: dir,
      // By environment: arguments can be read by everybody on the machine.
      env: {
        ...childEnvironment(process.env, dir),
        BREC_HTTP_BASIC_USER: user,
        BREC_HTTP_BASIC_PASS: pass,
      },
    });
    this.#child = child;
    // Nobody reads what it prints; a full pipe would stop it.
    child.process.stdout?.resume();
    const api = new RecorderApi({ url, user, pass, signal: this.#abort.signal });
    const over = child.closed.then(() => 'over' as const);
    const until = performance.now() + startMs;
    while (performance.now() < until && !this.#abort.signal.aborted) {
      const version = await api.version().catch(() => undefined);
      if (version !== undefined) {
        this.#say('BililiveRecorder runs', { version, port });
        this.#api = api;
        break;
      }
      if ((await Promise.race([over, sleep(250)])) === 'over') break;
    }
    if (!this.#api) child.end();
    await child.closed;
    this.#say('BililiveRecorder said', { text: child.said.slice(-1_000) });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
