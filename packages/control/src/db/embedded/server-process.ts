import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { storeErrors } from '@backlot/contract/errors/store';
import type { Logger } from 'pino';
import { executable, type PostgresBinaries } from './binaries.ts';
import { lastLines, serverEnvironment } from './cluster.ts';
import type { ServiceUser } from './service-user.ts';

export interface ServerProcessOptions {
  readonly binaries: PostgresBinaries;
  readonly dataDirectory: string;
  readonly user: ServiceUser | undefined;
  /** Settings as `name=value`; they go before what stands in postgresql.conf. */
  readonly settings: readonly string[];
  readonly log: Logger;
  readonly clock: Clock;
  /** Give up when the starting server has said nothing for this long. Recovery reports every 10 s. */
  readonly silenceLimitMs: number;
}

/** One life of the database server, from its start to its end. */
export interface ServerProcess {
  readonly pid: number;
  /** Resolves when the process has ended, for whatever reason, with its last words. */
  readonly ended: Promise<string>;
  /** Fast shutdown, then harder. Resolves when the process is gone. */
  stop(): Promise<void>;
}

/** A fast shutdown writes a checkpoint; an operator waits at most ten seconds for everything to end. */
const FAST_LIMIT_MS = 6_000;
const IMMEDIATE_LIMIT_MS = 2_000;

/** Why a start failed, as far as the server's words tell. */
export type StartFailure = 'leftover' | 'other';

/** Recognises the refusals that pass once an earlier life's processes have gone. */
export function judgeStartFailure(output: string): StartFailure {
  return /pre-existing shared memory block|lock file "[^"]+" already exists|is another postmaster|could not create shared memory segment: File exists|Address already in use/i.test(
    output,
  )
    ? 'leftover'
    : 'other';
}

/** Thrown by `startServer`; carries what it takes to decide whether to try again. */
export class ServerStartError extends BacklotError {
  readonly failure: StartFailure;

  constructor(dataDirectory: string, output: string, cause?: unknown) {
    super(storeErrors.database_start_failed, {
      params: { directory: dataDirectory, reason: lastLines(output) },
      ...(cause === undefined ? {} : { cause }),
    });
    this.failure = judgeStartFailure(output);
  }
}

/**
 * Starts the server in a process group of its own, so that a Ctrl-C in the terminal reaches us and not it,
 * and resolves when it accepts connections.
 *
 * @throws ServerStartError
 */
export function startServer(options: ServerProcessOptions): Promise<ServerProcess> {
  const { binaries, dataDirectory, user, log, clock } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(
      join(binaries.binDir, executable('postgres')),
      ['-D', dataDirectory, ...options.settings.flatMap((setting) => ['-c', setting])],
      {
        cwd: binaries.binDir,
        env: serverEnvironment(),
        detached: process.platform !== 'win32',
        windowsHide: true,
        stdio: ['ignore', 'ignore', 'pipe'],
        ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
      },
    );
    let tail = '';
    let ready = false;
    const ended = new Promise<string>((done) => {
      // 'exit' and not 'close': an orphaned backend may hold the pipe open after its server died.
      child.once('exit', (code, signal) => done(`${tail}\nit ended with ${signal ?? `code ${code}`}`));
      child.once('error', (error) => done(`${tail}\n${error.message}`));
    });

    let cancelSilence = clock.after(options.silenceLimitMs, onSilence);
    function onSilence(): void {
      if (ready) return;
      killGroup(child, 'SIGKILL');
    }

    const lines = createInterface({ input: child.stderr });
    lines.on('line', (line) => {
      tail = `${tail}\n${line}`.slice(-4_096);
      logLine(log, line);
      if (ready) return;
      cancelSilence();
      cancelSilence = clock.after(options.silenceLimitMs, onSilence);
      if (!line.includes('database system is ready to accept connections') || child.pid === undefined) return;
      ready = true;
      cancelSilence();
      resolve({ pid: child.pid, ended, stop: () => stopServer(child, ended, options) });
    });

    void ended.then((words) => {
      cancelSilence();
      lines.close();
      child.stderr.destroy();
      if (!ready) reject(new ServerStartError(dataDirectory, words));
    });
  });
}

async function stopServer(
  child: ChildProcess,
  ended: Promise<string>,
  { binaries, dataDirectory, clock, log }: ServerProcessOptions,
): Promise<void> {
  const gone = (ms: number) => {
    const limit = new AbortController();
    return Promise.race([
      ended.then(() => true),
      clock.sleep(ms, limit.signal).then(
        () => false,
        () => true,
      ),
    ]).finally(() => limit.abort());
  };
  if (process.platform === 'win32') {
    // There are no signals: pg_ctl asks the server by an event of its own.
    execFile(join(binaries.binDir, executable('pg_ctl')), ['stop', '-D', dataDirectory, '-m', 'fast']);
  } else {
    child.kill('SIGINT');
  }
  if (await gone(FAST_LIMIT_MS)) return;
  log.warn('the database did not end in time; going on without its last checkpoint');
  child.kill('SIGQUIT');
  if (await gone(IMMEDIATE_LIMIT_MS)) return;
  killGroup(child, 'SIGKILL');
  await gone(IMMEDIATE_LIMIT_MS);
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // already gone
  }
}

/**
 * The server's lines go to our log. A statement's error is also given to whoever sent it, and shutting down
 * is told as FATAL to every session: neither is worth waking anybody.
 */
function logLine(log: Logger, line: string): void {
  const severity = /^(?:\S+ )*?(DEBUG|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC):/.exec(line)?.[1];
  if (severity === 'PANIC') log.error({ postgres: line }, 'database panic');
  else if (severity === 'FATAL' || severity === 'WARNING') log.warn({ postgres: line }, 'database');
  else log.debug({ postgres: line }, 'database');
}
