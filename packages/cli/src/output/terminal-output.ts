import { type Clock, systemClock } from '@backlot/contract/clock';
import type { Output, Progress, ProgressOptions } from '../command.ts';
import { formatTable } from './columns.ts';
import { startProgress } from './progress.ts';

/** The part of a stream that we write to. */
export interface Sink {
  write(text: string | Uint8Array): void;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface TerminalOptions {
  readonly json: boolean;
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
}

/** Results to stdout, all else to stderr; with `--json`, documents and nothing else to read for a person. */
export class TerminalOutput implements Output {
  readonly json: boolean;
  readonly interactive: boolean;
  readonly #options: TerminalOptions;

  constructor(options: TerminalOptions) {
    const { env, stderr, json } = options;
    this.json = json;
    this.interactive = !json && stderr.isTTY === true && !env.CI && env.TERM !== 'dumb';
    this.#options = options;
  }

  result<T>(value: T, render: (value: T) => string | readonly string[]): void {
    if (this.json) {
      this.#options.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
      return;
    }
    const text = render(value);
    const lines = typeof text === 'string' ? [text] : text;
    if (lines.length > 0) this.#options.stdout.write(`${lines.join('\n')}\n`);
  }

  item<T>(value: T, render: (value: T) => string): void {
    this.#options.stdout.write(`${this.json ? JSON.stringify(value) : render(value)}\n`);
  }

  raw(bytes: Uint8Array | string): void {
    this.#options.stdout.write(bytes);
  }

  note(text: string): void {
    if (!this.json) this.#options.stderr.write(`${text}\n`);
  }

  warn(text: string): void {
    this.#options.stderr.write(`${this.json ? JSON.stringify({ warning: text }) : `! ${text}`}\n`);
  }

  table(columns: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
    return formatTable(columns, rows);
  }

  progress(options: ProgressOptions): Progress {
    if (this.json) return { update: () => undefined, succeed: () => undefined, fail: () => undefined };
    const { stderr, clock = systemClock } = this.#options;
    return startProgress(options, {
      write: (text) => stderr.write(text),
      columns: stderr.columns ?? 80,
      live: this.interactive,
      clock,
    });
  }
}
