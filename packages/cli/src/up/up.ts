import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@backlot/contract/clock';
import type { PartMessage } from '@backlot/contract/supervision';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@backlot/control/db/embedded/embedded-postgres';
import { takeOwnerLock } from '@backlot/control/db/embedded/owner-lock';
import { createLog } from '@backlot/control/telemetry/log';
import { endNode } from '@backlot/node/sweep/end-node';
import type { Logger } from 'pino';
import type { ControlSettings } from '../config/control-settings.ts';
import { untilAborted } from '../serve/until-aborted.ts';
import { isAtLeast, readLogLine } from './log-line.ts';
import { Part, type PartOptions } from './part.ts';
import { RotatingLog } from './rotating-log.ts';
import { endLeftovers, RunRecord, readRunFile } from './run-file.ts';

export interface UpOptions {
  readonly settings: ControlSettings;
  /** The program that has the commands `control` and `node`: our own. */
  readonly entry: string;
  /** The environment of the parts, before what `settings` say. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The settings as environment variables, for the parts. */
  readonly settingsEnv: Readonly<Record<string, string>>;
  readonly withNode: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly show: UpDisplay;
}

/** What a person sees of it. */
export interface UpDisplay {
  step(title: 'database' | 'control' | 'leftovers'): { done(note?: string): void; failed(): void };
  ready(state: { readonly url: string; readonly setupLink: string | null }): void;
  nodeReady(name: string): void;
  /** A line of the log that a person should see. */
  log(text: string): void;
  stopping(): void;
}

/** The whole must be gone within ten seconds of a Ctrl-C; each part has its share, and the rest is for the kill. */
const graceMs = { agent: 5000, control: 3500 } as const;

/**
 * Everything on one machine: the database, then the control plane, then a node's agent, each supervised; until
 * the signal is aborted, then all of it ends in the other order.
 *
 * The database belongs to this process and the other two are its children, so that any of the four can be
 * killed at any moment: the database's server, the control plane and the agent are started again; and when this
 * process itself is killed, the children end by themselves, the work goes on in its runners, and the next start
 * takes all of it over.
 *
 * @throws data_directory_in_use, PartRefusedError, part_failed, and what the database's start throws.
 */
export async function runUp(options: UpOptions): Promise<void> {
  const { settings, signal, show } = options;
  const runDir = join(settings.dataDir, 'run');
  await mkdir(runDir, { recursive: true });
  const lock = await takeOwnerLock(join(runDir, 'owner.json'), settings.dataDir);
  const installation = new Installation(options, runDir);
  try {
    const asked = untilAborted(signal);
    await Promise.race([installation.start(), asked]);
    await asked;
    show.stopping();
  } finally {
    await installation.close();
    await lock.release();
  }
}

/** The data folder of the node on this machine. */
const nodeDir = ({ dataDir }: ControlSettings) => join(dataDir, 'node');

class Installation {
  readonly #options: UpOptions;
  readonly #runPath: string;
  readonly #logs: RotatingLog[] = [];
  readonly #log: Logger;
  #starting: Promise<void> = Promise.resolve();
  #record: RunRecord | undefined;
  #postgres: EmbeddedPostgres | undefined;
  #control: Part | undefined;
  #agent: Part | undefined;

  constructor(options: UpOptions, runDir: string) {
    this.#options = options;
    this.#runPath = join(runDir, 'up.json');
    const write = this.#lineWriter('up');
    this.#log = createLog({
      name: 'up',
      level: options.settings.logLevel,
      destination: { write: (line) => write(line.trimEnd()) },
    });
  }

  /** Resolves when everything runs. Ends early, with the signal's reason, when it is asked to end in between. */
  start(): Promise<void> {
    this.#starting = this.#startAll();
    return this.#starting;
  }

  async #startAll(): Promise<void> {
    await this.#endLeftovers();
    this.#options.signal.throwIfAborted();
    this.#record = new RunRecord(this.#runPath);
    const databaseUrl = this.#options.settings.databaseUrl ?? (await this.#startDatabase());
    this.#options.signal.throwIfAborted();
    const url = await this.#startControl(databaseUrl);
    this.#options.signal.throwIfAborted();
    if (this.#options.withNode) await this.#startAgent(url);
  }

  /** The agent first, while there is a control plane to tell; then that; the database last. */
  async close(): Promise<void> {
    await this.#endAgent();
    await this.#control?.stop(graceMs.control);
    // A start in progress ends now: what it waits for has been stopped, or it sees the signal after the next step.
    await this.#starting.catch(() => undefined);
    await this.#postgres?.close();
    this.#record?.close();
    for (const log of this.#logs) log.close();
  }

  /** It ends its work. Where it has no time for that, or had just died, nothing of it may go on for nobody either. */
  async #endAgent(): Promise<void> {
    const { clock, env, settings } = this.#options;
    if (!this.#agent) return;
    await this.#agent.stop(graceMs.agent);
    if (env.BACKLOT_ON_STOP === 'keep') return;
    const ended = await endNode(nodeDir(settings), clock);
    if (ended > 0) this.#log.warn({ ended }, 'ended what the node had left');
  }

  async #endLeftovers(): Promise<void> {
    const left = readRunFile(this.#runPath);
    if (!left) return;
    const step = this.#options.show.step('leftovers');
    const ended = await endLeftovers(left, this.#options.clock);
    if (ended.length > 0) this.#log.warn({ ended }, 'ended what a killed run had left behind');
    step.done();
  }

  async #startDatabase(): Promise<string> {
    const { settings, show } = this.#options;
    const step = show.step('database');
    try {
      const postgres = await startEmbeddedPostgres({
        dataDir: join(settings.dataDir, 'postgres'),
        log: this.#log,
        ...(settings.pgBin === undefined ? {} : { binDir: settings.pgBin }),
      });
      this.#postgres = postgres;
      this.#record?.set({ postgres: postgres.pid });
      postgres.onCrash(() => this.#watchDatabase(postgres));
      step.done(`PostgreSQL ${postgres.version}`);
      return postgres.connectionString;
    } catch (error) {
      step.failed();
      throw error;
    }
  }

  /** The record names the present server; its supervisor needs a moment to start the next one. */
  #watchDatabase(postgres: EmbeddedPostgres): void {
    this.#record?.set({ postgres: undefined });
    const look = () => {
      if (postgres.pid === undefined) this.#options.clock.after(50, look);
      else this.#record?.set({ postgres: postgres.pid });
    };
    look();
  }

  async #startControl(databaseUrl: string): Promise<string> {
    const { show, settingsEnv } = this.#options;
    const step = show.step('control');
    const env: Record<string, string> = { ...settingsEnv, BACKLOT_DATABASE_URL: databaseUrl };
    const ready = Promise.withResolvers<Extract<PartMessage, { t: 'control-ready' }>>();
    this.#control = this.#part('control', ['control'], env, (message) => {
      if (message.t === 'join-token-made') this.#agent?.send({ t: 'join-token', token: message.token });
      if (message.t !== 'control-ready') return;
      // Asked for any port, it keeps the one it got: pages and agents come back to it.
      env.BACKLOT_PORT = String(message.port);
      this.#record?.set({ url: message.url });
      ready.resolve(message);
    });
    try {
      await this.#control.start();
      const message = await ready.promise;
      step.done();
      show.ready(message);
      return message.url;
    } catch (error) {
      step.failed();
      throw error;
    }
  }

  /** Its failure to start is told, and does not end the rest: the page can be opened and says what is wrong. */
  async #startAgent(url: string): Promise<void> {
    const { settings, show, signal } = this.#options;
    let welcomed = false;
    const part = this.#part(
      'agent',
      ['node'],
      {
        BACKLOT_CONTROL_URL: url,
        BACKLOT_DATA_DIR: nodeDir(settings),
        BACKLOT_LOG_LEVEL: settings.logLevel,
      },
      (message) => {
        if (message.t === 'join-token-wanted') this.#control?.send({ t: 'make-join-token' });
        if (message.t !== 'node-ready' || welcomed) return;
        welcomed = true;
        show.nodeReady(message.name);
      },
    );
    this.#agent = part;
    await part.start().catch((error: unknown) => {
      if (signal.aborted) return;
      this.#log.error({ err: error }, 'the node on this machine did not start; everything else runs');
    });
  }

  #part(
    name: 'control' | 'agent',
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    onMessage: (message: PartMessage) => void,
  ): Part {
    const onLine = this.#lineWriter(name);
    const options: PartOptions = {
      name,
      argv: [this.#options.entry, ...args],
      // What decides here must not decide again there: the parts have their settings from us.
      env: () => ({ ...this.#options.env, BACKLOT_CONFIG: undefined, ...env }),
      clock: this.#options.clock,
      logPath: this.#logs.at(-1)?.path ?? '',
      onLine,
      onMessage,
      onProcess: (pid) => {
        this.#record?.set({ [name]: pid });
        if (pid !== undefined) this.#log.info({ part: name, partPid: pid }, 'started');
      },
      onDeath: (how, pauseMs) =>
        this.#log.warn({ part: name, how, pauseMs }, `${name} died (${how}); starting it again`),
    };
    return new Part(options);
  }

  /** To the file in full; to the screen what a person should see. */
  #lineWriter(name: string): (line: string) => void {
    const log = new RotatingLog(join(this.#options.settings.dataDir, 'logs', `${name}.log`));
    this.#logs.push(log);
    return (line) => {
      log.write(line);
      const { level, text } = readLogLine(name, line);
      // Why a part refuses to start reaches us as a message too, and is said once.
      if (isAtLeast(level, 'warn') && !line.startsWith('✗')) this.#options.show.log(text);
    };
  }
}
