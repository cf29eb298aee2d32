import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { NodeView } from '@backlot/contract';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { processesOf } from '../system/processes.ts';
import { endAll, makeDataDir } from '../system/studio.ts';
import { Hopeless, waitUntil } from '../system/wait-until.ts';

const entry = resolve(import.meta.dirname, '../../packages/cli/bin/backlot.mjs');
const impatientNode = resolve(import.meta.dirname, 'node-program.ts');

export interface ProductOptions {
  /** Folder of the node; made, and removed at the end, unless told. */
  readonly nodeDir?: string;
  /** How long the node waits before it is alone; the product's own thirty seconds unless told. */
  readonly aloneAfterMs?: number;
  /** Variables of the node. */
  readonly nodeEnv?: Readonly<Record<string, string>>;
}

/**
 * The product in two processes that nobody restarts, so that each can be away for as long as a test wants: `backlot
 * control` on a database of a server of its own, and `backlot node`. `backlot up` would have either back in a second.
 */
export class ProductParts {
  readonly folder: string;
  readonly nodeDir: string;
  readonly database: TestDatabase;
  readonly token = `test-${randomBytes(24).toString('hex')}`;
  readonly #options: ProductOptions;
  #control: ChildProcess | undefined;
  #node: ChildProcess | undefined;
  #url = '';

  private constructor(folder: string, database: TestDatabase, options: ProductOptions) {
    this.folder = folder;
    this.nodeDir = options.nodeDir ?? join(folder, 'node');
    this.database = database;
    this.#options = options;
  }

  /** Both run, the node has proved that it can record, and what it can is known. */
  static async start(options: ProductOptions = {}): Promise<ProductParts> {
    const database = await createTestDatabase({ empty: true });
    const product = new ProductParts(await makeDataDir(), database, options);
    try {
      await mkdir(product.nodeDir, { recursive: true });
      await product.startControl();
      const { secret } = await product.api<{ secret: string }>('POST', '/api/v1/join-tokens', { uses: 1 });
      product.startNode(secret);
      await waitUntil('the node can record and join', async () => {
        product.expectNodeAlive();
        const { items } = await product.api<{ items: NodeView[] }>('GET', '/api/v1/nodes');
        const has = (name: string) => items[0]?.capabilities.some((one) => one.name === name);
        return has('recorder') && has('ffmpeg') && items[0]?.state === 'ready';
      });
      return product;
    } catch (error) {
      await product.close();
      throw error;
    }
  }

  get url(): string {
    return this.#url;
  }
  get controlPid(): number {
    return this.#control?.pid ?? -1;
  }
  get nodePid(): number {
    return this.#node?.pid ?? -1;
  }
  /** The processes of recorders: shards and the RTMP door. */
  get recorders(): number[] {
    return processesOf(this.nodeDir)
      .filter(({ command }) => /shard-main|ingest-main/.test(command))
      .map(({ pid }) => pid)
      .sort();
  }

  /** Starts the control plane, again by the same address. */
  async startControl(): Promise<void> {
    const port = this.#url === '' ? '0' : new URL(this.#url).port;
    const before = (await this.log('control')).length;
    this.#control = this.#spawn('control', [entry, 'control'], {
      BACKLOT_DATA_DIR: join(this.folder, 'control'),
      BACKLOT_DATABASE_URL: this.database.url,
      BACKLOT_PORT: port,
      BACKLOT_ADMIN_TOKEN: this.token,
    });
    this.#url = await waitUntil('the control plane is ready', async () => {
      const said = (await this.log('control')).slice(before);
      if (this.#control?.exitCode !== null)
        throw new Hopeless(`The control plane ended:\n${said.slice(-4_000)}`);
      return /Backlot is ready: (\S+)/.exec(said)?.[1];
    });
  }

  /** Starts the agent; with a token the first time. */
  startNode(joinToken = ''): void {
    const { aloneAfterMs, nodeEnv = {} } = this.#options;
    const args =
      aloneAfterMs === undefined
        ? [entry, 'node', '--join', this.#url, '--name', 'recorder-1']
        : [impatientNode, this.#url, this.nodeDir, 'recorder-1', String(aloneAfterMs), joinToken];
    this.#node = this.#spawn('node', args, {
      ...nodeEnv,
      BACKLOT_DATA_DIR: this.nodeDir,
      ...(joinToken === '' ? {} : { BACKLOT_JOIN_TOKEN: joinToken }),
    });
  }

  /** `kill -9`, and waits until it is gone. */
  async kill(part: 'control' | 'node'): Promise<void> {
    const child = part === 'control' ? this.#control : this.#node;
    if (!child) throw new Error(`The ${part} does not run.`);
    const gone = new Promise<void>((done) => child.once('exit', () => done()));
    child.kill('SIGKILL');
    await gone;
  }

  /** @throws when a part that nobody has killed is not there any more */
  expectNodeAlive(): void {
    if (this.#node?.exitCode !== null || this.#node.signalCode !== null)
      throw new Hopeless(`The agent ended with ${this.#node?.exitCode ?? this.#node?.signalCode}.`);
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(new URL(path, this.#url), {
      ...init,
      signal: init.signal ?? AbortSignal.timeout(60_000),
      headers: { authorization: `Bearer ${this.token}`, ...init.headers },
    });
  }
  /** JSON over the API as the administrator. @throws with the problem document */
  async api<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.fetch(path, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
  /** All pages of a list. */
  async all<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
      const query = `limit=200${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
      const glue = path.includes('?') ? '&' : '?';
      const page = await this.api<{ items: T[]; next?: string | null }>('GET', `${path}${glue}${query}`);
      items.push(...page.items);
      cursor = page.next ?? undefined;
    }
    return items;
  }

  /** What a part has said so far. */
  log(part: 'control' | 'node'): Promise<string> {
    return readFile(join(this.folder, `${part}.log`), 'utf8').catch(() => '');
  }

  /** Ends everything, in every case. @returns what had to be killed */
  async close(): Promise<string[]> {
    for (const child of [this.#node, this.#control]) {
      if (!child || child.exitCode !== null || child.signalCode !== null) continue;
      const gone = new Promise<void>((done) => child.once('exit', () => done()));
      child.kill('SIGTERM');
      await Promise.race([gone, new Promise<void>((done) => setTimeout(done, 20_000).unref())]);
    }
    const leftovers = [this.folder, this.nodeDir].flatMap((mark) =>
      processesOf(mark).map(({ command }) => command),
    );
    await endAll(this.nodeDir);
    await endAll(this.folder);
    await this.database.close();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
    return leftovers;
  }

  #spawn(part: string, args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
    const log = openSync(join(this.folder, `${part}.log`), 'a');
    try {
      return spawn(process.execPath, ['--no-warnings', ...args], {
        stdio: ['ignore', log, log],
        detached: true,
        env: { PATH: process.env.PATH ?? '', HOME: this.folder, LANG: 'C.UTF-8', ...env },
      });
    } finally {
      closeSync(log);
    }
  }
}
