import { appendFileSync, renameSync } from 'node:fs';
import { appendFile, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@backlot/contract/clock';
import { readIfThere } from '../segments/if-there.ts';
import { LedgerRow } from './rows.ts';
import { applyRow, emptyLedger, type LedgerState } from './state.ts';

export const LEDGER_FILE = 'ledger.jsonl';
/** Beyond this many bytes the file is written anew, as what its rows come to. */
const LONG_BYTES = 512 * 1024;
/** After a full disk the rows that wait are tried again so often, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * Reads a ledger; rows that are cut off or broken are passed over, as the last one after a crash may be.
 * @throws Error of the disk: a ledger that can't be read is not empty
 */
export async function readLedger(workDir: string): Promise<LedgerState> {
  return stateOf(await readIfThere(join(workDir, LEDGER_FILE)));
}

function stateOf(bytes: Buffer | undefined): LedgerState {
  const text = bytes?.toString('utf8') ?? '';
  let state = emptyLedger;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    try {
      const row = LedgerRow.safeParse(JSON.parse(line));
      if (row.success) state = applyRow(state, row.data);
    } catch {
      // The end of a row that was being written when the process was killed.
    }
  }
  return state;
}

/**
 * The ledger of a running channel: its state in memory, its rows on the disk in the same order. A row is with the system
 * before `add` returns, so what it announces (a folder, a file) can only be there after it, whenever the process is killed;
 * rows are few and short, and a synchronous append takes some 20 µs. One that can't be written (a full disk) waits and is
 * tried again; nothing else stops for it.
 */
export class Ledger {
  readonly #path: string;
  readonly #clock: Clock;
  #state: LedgerState;
  #waiting: LedgerRow[] = [];
  #retrying: Promise<void> | undefined;
  #shortening: Promise<void> | undefined;
  /** Rows that came while the file is being written anew: both files have them. */
  #meanwhile: string | undefined;
  #size: number;
  #dirty = false;
  #closed = false;

  private constructor(path: string, clock: Clock, state: LedgerState, size: number) {
    this.#path = path;
    this.#clock = clock;
    this.#state = state;
    this.#size = size;
  }

  /** @throws Error of the disk, where there is a ledger that can't be read */
  static async open(workDir: string, clock: Clock): Promise<Ledger> {
    const path = join(workDir, LEDGER_FILE);
    const text = (await readIfThere(path)) ?? Buffer.alloc(0);
    const ledger = new Ledger(path, clock, stateOf(text), text.length);
    // A row that was cut off must not swallow the next one.
    if (text.length > 0 && text[text.length - 1] !== 10) await appendFile(path, '\n').catch(() => {});
    return ledger;
  }

  get state(): LedgerState {
    return this.#state;
  }

  add(...rows: readonly LedgerRow[]): void {
    if (rows.length === 0) return;
    for (const row of rows) this.#state = applyRow(this.#state, row);
    this.#waiting.push(...rows);
    // Behind rows that wait, in their turn.
    if (!this.#retrying && !this.#write()) this.#retrying = this.#retry();
  }

  /** Waits until all rows are with the system, or can't be. */
  async settled(): Promise<void> {
    while (this.#retrying ?? this.#shortening) await (this.#retrying ?? this.#shortening);
  }

  /** For a power cut. */
  async sync(): Promise<void> {
    if (!this.#dirty) return;
    this.#dirty = false;
    const file = await open(this.#path, 'r').catch(() => undefined);
    await file?.datasync().catch(() => {});
    await file?.close();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.settled();
  }

  /** @returns whether nothing waits any more */
  #write(): boolean {
    const text = this.#waiting.map((row) => `${JSON.stringify(row)}\n`).join('');
    try {
      appendFileSync(this.#path, text, { mode: 0o600 });
    } catch {
      return false;
    }
    this.#waiting = [];
    this.#size += text.length;
    this.#dirty = true;
    if (this.#meanwhile !== undefined) this.#meanwhile += text;
    else if (this.#size > LONG_BYTES)
      this.#shortening = this.#shorten()
        .catch(() => {
          // The long file is as good; the next row tries again.
        })
        .finally(() => {
          this.#meanwhile = undefined;
          this.#shortening = undefined;
        });
    return true;
  }

  async #retry(): Promise<void> {
    try {
      while (!this.#closed) {
        await this.#clock.sleep(RETRY_MS);
        // A row may have gone in half: the empty line ends it, and reading passes over it.
        await appendFile(this.#path, '\n').catch(() => {});
        if (this.#write()) return;
      }
    } finally {
      this.#retrying = undefined;
    }
  }

  /** Writes the file anew, beside the one that goes on being written. */
  async #shorten(): Promise<void> {
    const path = `${this.#path}.new`;
    this.#meanwhile = '';
    const text = `${JSON.stringify({ t: 'state', state: this.#state })}\n`;
    await writeFile(path, text, { mode: 0o600, flush: true });
    // In one go with the change of names, so that no row is in one file only.
    appendFileSync(path, this.#meanwhile);
    renameSync(path, this.#path);
    this.#size = text.length + this.#meanwhile.length;
    this.#dirty = true;
  }
}
