import { spawn } from 'node:child_process';
import { PassThrough, type Readable } from 'node:stream';
import { StoreFault } from '../store-fault.ts';

/** A run of rclone: its argument vector is ours, its configuration a private file, its environment empty but for a home. */
export interface RcloneRun {
  readonly args: readonly string[];
  readonly signal: AbortSignal;
  /** Gets lines of its log as they come, and says whether one of them tells of progress. */
  readonly onLine?: (line: string) => boolean;
  /** So long it may take, or be without progress. Left out where its bytes are read as they come. Milliseconds. */
  readonly limitMs?: number;
  /** What it means when that has passed; silence unless told. */
  readonly late?: () => StoreFault;
}

/** Of its log: characters of a line, and lines that are kept for the reason of its end. */
const longestLine = 16_384;
const keptLines = 40;
const keptOutput = 4 * 1024 * 1024;
const killAfterMs = 5_000;

export class Rclone {
  readonly #program: string;
  readonly #config: string;
  readonly #home: string;

  constructor(options: { readonly program: string; readonly config: string; readonly home: string }) {
    this.#program = options.program;
    this.#config = options.config;
    this.#home = options.home;
  }

  /** What it prints, up to some megabytes. @throws StoreFault by its exit code and its last words */
  async output(run: RcloneRun): Promise<string> {
    const child = this.#start(run);
    let text = '';
    child.stdout.on('data', (piece: Buffer) => {
      if (text.length < keptOutput) text += piece.toString('utf8');
    });
    await child.ended;
    return text;
  }

  /** Its standard output as it comes; the stream fails when rclone does. */
  stream(run: RcloneRun): Readable {
    const { stdout, ended } = this.#start(run);
    // Held open until its end is known: a stream that ends well is whole.
    const whole = new PassThrough();
    stdout.pipe(whole, { end: false });
    stdout.once('error', (error) => whole.destroy(error));
    whole.once('close', () => stdout.destroy());
    ended.then(
      () => whole.end(),
      (error: Error) => whole.destroy(error),
    );
    return whole;
  }

  #start({ args, signal, onLine, limitMs, late: lateFault = () => silent(limitMs) }: RcloneRun) {
    // One try of a few: longer patience is ours.
    const always = [
      '--config',
      this.#config,
      '--retries',
      '1',
      '--low-level-retries',
      '3',
      '--contimeout',
      '15s',
    ];
    const child = spawn(this.#program, [...args, ...always, '--timeout', '60s', '--ask-password=false'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: this.#home, LANG: 'C.UTF-8' },
    });
    let limit: NodeJS.Timeout | undefined;
    let late = false;
    const end = () => {
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), killAfterMs).unref();
    };
    const watch = () => {
      clearTimeout(limit);
      if (limitMs === undefined) return;
      limit = setTimeout(() => {
        late = true;
        end();
      }, limitMs);
    };
    watch();
    const log = new LastLines((line) => {
      if (onLine?.(line)) watch();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => log.add(text));
    signal.addEventListener('abort', end, { once: true });
    const ended = new Promise<void>((resolve, reject) => {
      child.once('error', (error) => reject(new StoreFault('refused', error.message, { cause: error })));
      child.once('close', (code) => {
        clearTimeout(limit);
        signal.removeEventListener('abort', end);
        if (signal.aborted) reject(signal.reason);
        else if (late) reject(lateFault());
        else if (code === 0) resolve();
        else reject(rcloneFault(code, log.text));
      });
    });
    ended.catch(() => undefined);
    const { stdout } = child;
    stdout.once('close', () => {
      if (child.exitCode === null) end();
    });
    return { stdout, ended };
  }
}

function silent(limitMs = 0): StoreFault {
  return new StoreFault('away', `rclone was silent for ${limitMs / 1_000} s`);
}

/** The end of a log, in whole lines: half of one may begin with half of a secret. A line without end is left out. */
class LastLines {
  readonly #onLine: (line: string) => void;
  readonly #lines: string[] = [];
  #rest = '';
  #endless = false;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  add(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const whole = !this.#endless && line.length <= longestLine;
      this.#endless = false;
      if (!whole) continue;
      this.#lines.push(line);
      if (this.#lines.length > keptLines) this.#lines.shift();
      this.#onLine(line);
    }
    if (this.#rest.length <= longestLine) return;
    this.#rest = '';
    this.#endless = true;
  }

  get text(): string {
    return [...this.#lines, ...(this.#endless ? [] : [this.#rest])].join('\n');
  }
}

/** What rclone's end means (rclone.org/docs, "List of exit codes") together with its last error. */
export function rcloneFault(code: number | null, log: string): StoreFault {
  // Once a second it tells how far it is: figures, in which any number stands sooner or later.
  const lines = log.split('\n').filter((one) => !/"stats":\s*\{/.test(one));
  const words = lines.map(messageOf).join('\n');
  const line = lines.filter((one) => /ERROR|Failed|CRITICAL|Fatal|NOTICE/i.test(one)).at(-1) ?? words.trim();
  const said =
    messageOf(line).replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\s+\w+\s*:\s*/, '') || `code ${code}`;
  if (/no space|quota|insufficient storage|(status|code|http|error)\D{0,20}\b507\b/i.test(words))
    return new StoreFault('full', said);
  if (code === 3 || code === 4 || /object not found|directory not found/i.test(words)) {
    return new StoreFault('missing', said);
  }
  if (code === 5) return new StoreFault('away', said);
  // A service without that hash says so at once: no patience will give it one.
  if (/hash (type )?(unsupported|not supported)|hash unsupported/i.test(words))
    return new StoreFault('refused', said);
  const refused =
    code === 7 ||
    /(status|code|http|error)\D{0,20}\b(401|403)\b|unauthori[sz]ed|forbidden|access ?denied|invalid.{0,20}(token|key|credential|grant)|didn't find section|didn't find backend|couldn't find|bad config/i.test(
      words,
    );
  return new StoreFault(refused ? 'refused' : 'away', said);
}

/** What a line of its log says; transfers log in JSON. */
function messageOf(line: string): string {
  try {
    const { msg } = JSON.parse(line) as { msg?: unknown };
    return typeof msg === 'string' ? msg : line;
  } catch {
    return line;
  }
}
