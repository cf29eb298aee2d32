import { type ChildProcess, spawn } from 'node:child_process';

/** Marks by which the runner of the shard finds every process below it, wherever it went; see `node/processes/marks`. */
const marks = ['BACKLOT_ALLOCATION', 'BACKLOT_NODE'];
const kept = [
  'PATH',
  'LANG',
  'SYSTEMROOT',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
];

/** The whole environment of a program that reads a source: no secrets of the node, no settings of a person's home. */
export function childEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): Record<string, string> {
  const own = [...marks, ...kept].flatMap((name) => {
    const value = env[name] ?? process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return { ...Object.fromEntries(own), HOME: home, TMPDIR: home, PYTHONDONTWRITEBYTECODE: '1' };
}

/** Time to end politely (RTSP cameras count sessions that were not torn down). Milliseconds. */
const graceMs = 1_500;

/** A program in a group of its own, ended as a tree. Its stdout and stderr are pipes; it has no stdin. */
export class ChildTree {
  readonly process: ChildProcess;
  /** Resolves when it has ended and its pipes are closed; never rejects. */
  readonly closed: Promise<void>;
  #said = '';
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  constructor(
    argv: readonly string[],
    options: { readonly cwd: string; readonly env: Record<string, string> },
  ) {
    const [command = '', ...rest] = argv;
    this.process = spawn(command, rest, {
      cwd: options.cwd,
      env: options.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString('utf8')).slice(-16_384);
    });
    this.process.stderr?.on('error', () => {});
    this.closed = new Promise((resolve) => {
      const over = () => {
        this.#over = true;
        clearTimeout(this.#timer);
        resolve();
      };
      this.process.once('error', (error) => {
        this.#said += `\nspawn: ${error.message}`;
        over();
      });
      this.process.once('close', over);
    });
  }

  /** The end of what it printed to stderr. */
  get said(): string {
    return this.#said;
  }

  /** Asks the whole group to end, and kills it after a moment. */
  end(): void {
    if (this.#over || this.#timer) return;
    this.#signal('SIGTERM');
    this.#timer = setTimeout(() => this.kill(), graceMs);
  }

  kill(): void {
    if (this.#over) return;
    this.#signal('SIGKILL');
  }

  #signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    const { pid } = this.process;
    if (pid === undefined) return;
    if (process.platform === 'win32') {
      spawn('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true }).once(
        'error',
        () => this.process.kill(),
      );
      return;
    }
    try {
      process.kill(-pid, signal);
    } catch {
      // The group is gone; nothing is left to end.
    }
  }
}
