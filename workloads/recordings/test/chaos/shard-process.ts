import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  type HostEvent,
  HostMessage,
  type HostRequest,
  hostSocketVariable,
} from '@backlot/contract/host/protocol';
import { SegmentMeta } from '../../contract.ts';
import { shardFlags } from '../../node/shard/shard-launch.ts';

const mainOf = (path: string) => fileURLToPath(new URL(`../../node/${path}`, import.meta.url));
const programs = { recorder: mainOf('shard/shard-main.ts'), ingest: mainOf('ingest/ingest-main.ts') };

/** A segment as the shard reported it, with its bytes. */
export interface ReportedSegment {
  readonly name: string;
  readonly path: string;
  readonly meta: SegmentMeta;
  bytes(): Buffer;
}
export interface ReportedFact {
  readonly key: string;
  readonly kind: string;
  readonly at: string;
  readonly body: Record<string, unknown>;
}

type Order = HostRequest extends infer R ? (R extends HostRequest ? Omit<R, 'id'> : never) : never;

/**
 * A real recorder shard in a process of its own, and an agent as small as can be: it speaks the host protocol, notes
 * reports once by their name, and starts the shard anew in the same folder after it was killed, as `revive` does.
 */
export class ShardProcess {
  readonly folder: string;
  readonly segments: ReportedSegment[] = [];
  readonly facts: ReportedFact[] = [];
  readonly #env: Record<string, string>;
  readonly #keepBytes: boolean;
  readonly #program: string;
  readonly #channels = new Map<string, Record<string, unknown>>();
  readonly #names = new Set<string>();
  #child: ChildProcess | undefined;
  #socket: Socket | undefined;
  #next = 1;
  #ended = 0;
  #onEnded: () => void = () => {};
  readonly #answers = new Map<number, () => void>();
  said = '';

  /**
   * @param options.keepBytes whether the bytes of segments are kept in memory; on unless told
   * @param options.host which of the two programs that record; the shard that pulls unless told
   */
  constructor(
    folder: string,
    env: Record<string, string> = {},
    options: { readonly keepBytes?: boolean; readonly host?: keyof typeof programs } = {},
  ) {
    this.#keepBytes = options.keepBytes ?? true;
    this.#program = programs[options.host ?? 'recorder'];
    this.folder = folder;
    this.#env = env;
    mkdirSync(folder, { recursive: true });
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts the process and all channels that it is to record. */
  async start(): Promise<void> {
    const path = join(this.folder, 's');
    const child = spawn(process.execPath, [...shardFlags, this.#program], {
      env: {
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: join(tmpdir(), 'backlot-shard-cache'),
        ...this.#env,
        [hostSocketVariable]: path,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.said = (this.said + chunk.toString('utf8')).slice(-50_000);
    });
    this.#socket = await this.#connect(path, child);
    await this.#ask({ t: 'attach', v: 1 });
    for (const [allocation, rules] of this.#channels) await this.#begin(allocation, rules);
  }

  /** Records one more channel, from now on and after every restart. */
  async record(allocation: string, rules: Record<string, unknown>): Promise<void> {
    this.#channels.set(allocation, rules);
    await this.#begin(allocation, rules);
  }

  /** kill -9; resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.kill('SIGKILL');
    await gone;
    this.#socket?.destroy();
  }

  /** Ends all channels in order, so that everything is reported, then the process. */
  async stop(): Promise<void> {
    this.#ended = 0;
    const ended = new Promise<void>((resolve) => {
      this.#onEnded = () => {
        this.#ended += 1;
        if (this.#ended >= this.#channels.size) resolve();
      };
    });
    for (const allocation of this.#channels.keys())
      await this.#ask({ t: 'stop', allocation, graceMs: 10_000 });
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 15_000))]);
    await this.kill();
  }
  async #begin(allocation: string, rules: Record<string, unknown>): Promise<void> {
    const workDir = join(this.folder, allocation);
    mkdirSync(workDir, { recursive: true });
    await this.#ask({ t: 'start', allocation, input: { rules, fence: 1 }, workDir, inputsDir: workDir });
  }

  async #connect(path: string, child: ChildProcess): Promise<Socket> {
    for (let tries = 0; tries < 400; tries += 1) {
      const socket = connect(path);
      const open = await new Promise<boolean>((resolve) => {
        socket.once('connect', () => resolve(true));
        socket.once('error', () => resolve(false));
      });
      if (open) {
        socket.on('error', () => socket.destroy());
        // A shard that is killed resets its connection, of which the reader of lines tells too.
        createInterface({ input: socket })
          .on('line', (line) => this.#hear(line))
          .on('error', () => socket.destroy());
        return socket;
      }
      if (child.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`The shard does not listen: ${this.said}`);
  }

  #ask(order: Order): Promise<void> {
    const id = this.#next++;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#socket?.write(`${JSON.stringify({ id, ...order })}\n`);
    });
  }

  #hear(line: string): void {
    const message = HostMessage.parse(JSON.parse(line));
    if (!('event' in message)) {
      this.#answers.get(message.id)?.();
      this.#answers.delete(message.id);
      return;
    }
    if (message.event === 'report') this.#note(message);
    if (message.event === 'ended') this.#onEnded();
  }

  #note({ allocation, report, outputs, events }: Extract<HostEvent, { event: 'report' }>): void {
    for (const output of outputs) {
      const known = `${allocation} ${output.name}`;
      if (this.#names.has(known)) continue;
      this.#names.add(known);
      const path = join(this.folder, allocation, output.path);
      // Read at once: later the agent of the product has moved it away.
      const bytes = this.#keepBytes ? readFileSync(path) : Buffer.alloc(0);
      if (!this.#keepBytes) rmSync(path, { force: true });
      this.segments.push({
        name: output.name,
        path,
        meta: SegmentMeta.parse(output.meta),
        bytes: () => bytes,
      });
    }
    for (const fact of events) {
      const known = `${allocation} fact ${fact.key}`;
      if (this.#names.has(known)) continue;
      this.#names.add(known);
      this.facts.push(fact);
    }
    void this.#ask({ t: 'noted', allocation, report });
  }
}
