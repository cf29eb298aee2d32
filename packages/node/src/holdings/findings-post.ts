import type { FactDraft, Findings } from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { transferErrors } from '@backlot/contract/errors/transfer';
import { OutputName } from '@backlot/contract/output';
import type { Logger } from 'pino';
import type { Answer } from '../link/link-client.ts';
import type { Report } from '../workload.ts';
import type { Holdings } from './holdings.ts';
import type { Bundle, HeldFile } from './ledger.ts';
import { factProblem, fromLetters, mostFound, toLetters, toOutput } from './letters.ts';

/** The allocation that has found something. */
export interface Finder {
  readonly allocation: string;
  readonly fence: number;
  readonly task: string;
  readonly workDir: string;
}

/** Takes what allocations find while they run. */
export interface FindingsBox {
  /**
   * Holds the files and writes down what is to be told. Resolves when that is on the disk, also on a full one, as soon as
   * it has room again. One after the other for an allocation. @throws what is wrong with a file or a fact, or the signal's reason
   */
  report(finder: Finder, report: Report, signal: AbortSignal): Promise<void>;
  /** Whether something of the allocation has not been told yet. */
  pending(allocation: string): boolean;
}

export interface FindingsLink {
  request(
    type: 'findings',
    body: Findings,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<Answer>;
}

export interface FindingsPostOptions {
  readonly holdings: Holdings;
  readonly link: FindingsLink;
  readonly clock: Clock;
  readonly log: Logger;
  /** Everything of an allocation has been told. */
  readonly told: (allocation: string) => void;
  /** Hears of everything that was found, once it is written down. */
  readonly found?: (finder: Finder, files: readonly HeldFile[], facts: readonly FactDraft[]) => void;
}

const ANSWER_MS = 20_000;
const PAUSE_MS = { first: 200, longest: 5_000 };
/** Allocations of which something is on its way at the same time. */
const LANES = 8;
/** Codes of answers that no repetition will change. */
const SENSELESS = new Set(['link_message_malformed', 'link_message_too_large']);
const REFUSALS = 5;
const AGAIN_MS = 1_000;

/**
 * The box of what allocations have found, and the post that brings it to the control plane: in order for each allocation,
 * the next when the one before has been answered; as much together as has gathered while there was no link.
 */
export class FindingsPost implements FindingsBox {
  readonly #options: FindingsPostOptions;
  readonly #abort = new AbortController();
  /** Letters that wait, by allocation. */
  readonly #waiting: Map<string, number>;
  readonly #flying = new Set<string>();
  readonly #turns = new Map<string, Promise<void>>();
  readonly #wakes = new Set<() => void>();
  readonly #lanes = new Set<Promise<void>>();

  constructor(options: FindingsPostOptions) {
    this.#options = options;
    this.#waiting = options.holdings.ledger.waiting();
  }

  pending(allocation: string): boolean {
    return this.#waiting.has(allocation);
  }

  report(finder: Finder, report: Report, signal: AbortSignal): Promise<void> {
    const { allocation } = finder;
    const turn = (this.#turns.get(allocation) ?? Promise.resolve()).then(() =>
      this.#write(finder, report, signal),
    );
    const tail = turn
      .catch(() => undefined)
      .finally(() => {
        if (this.#turns.get(allocation) === tail) this.#turns.delete(allocation);
      });
    this.#turns.set(allocation, tail);
    return turn;
  }

  /** The link is back, or there is something new. */
  kick(): void {
    for (const wake of this.#wakes) wake();
    if (this.#abort.signal.aborted) return;
    for (const allocation of this.#waiting.keys()) {
      if (this.#flying.size >= LANES) return;
      if (this.#flying.has(allocation)) continue;
      this.#flying.add(allocation);
      const lane = this.#carry(allocation)
        .catch((error: unknown) => {
          if (!this.#abort.signal.aborted)
            this.#options.log.error({ err: error, allocation }, 'the post broke off');
        })
        .finally(() => {
          this.#flying.delete(allocation);
          this.#lanes.delete(lane);
          this.kick();
        });
      this.#lanes.add(lane);
    }
  }

  /** What has not been told goes out with the next agent. */
  async close(): Promise<void> {
    this.#abort.abort(new Error('The agent lets go.'));
    for (const wake of this.#wakes) wake();
    await Promise.all([...this.#turns.values(), ...this.#lanes]);
  }

  async #write(finder: Finder, report: Report, signal: AbortSignal): Promise<void> {
    const { holdings, clock, log, found } = this.#options;
    const { allocation, fence, task, workDir } = finder;
    const { outputs = [], events = [] } = report;
    for (const { name } of outputs) OutputName.parse(name);
    const problem = factProblem(events);
    if (problem !== undefined)
      throw new BacklotError(transferErrors.report_refused, { params: { reason: problem } });
    let letters: string[] = [];
    let files: readonly HeldFile[] = [];
    for (;;) {
      signal.throwIfAborted();
      try {
        await holdings.take(
          { allocation, task },
          workDir,
          outputs,
          (fresh) => {
            files = fresh;
            letters = toLetters(fresh.map(toOutput), events);
            return letters.map((body) => ({ allocation, fence, body }));
          },
          signal,
        );
        break;
      } catch (error) {
        if (!isOfTheMachine(error)) throw error;
        log.error({ err: error, allocation }, 'the disk does not take what was found; it is tried again');
        await clock.sleep(AGAIN_MS, signal);
      }
    }
    if (letters.length > 0) {
      this.#waiting.set(allocation, (this.#waiting.get(allocation) ?? 0) + letters.length);
      this.kick();
    }
    try {
      found?.(finder, files, events);
    } catch (error) {
      log.warn({ err: error, allocation }, 'a listener failed');
    }
  }

  /** Tells all that an allocation has waiting. */
  async #carry(allocation: string): Promise<void> {
    const { holdings, log } = this.#options;
    let failures = 0;
    let refusals = 0;
    while (!this.#abort.signal.aborted) {
      const most = { letters: refusals > 0 ? 1 : 100, characters: mostFound.characters };
      const bundle = holdings.ledger.bundle(allocation, most);
      if (!bundle) {
        this.#waiting.delete(allocation);
        this.#options.told(allocation);
        return;
      }
      try {
        const answer = await this.#send(bundle);
        if (answer.t !== 'ack') throw new Error(`Findings were answered by ${answer.t}.`);
        await holdings.ledger.drop(bundle);
        failures = 0;
        refusals = 0;
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        failures += 1;
        // What the control plane refuses has its code in the parameters of ours.
        const code = error instanceof BacklotError ? String(error.params.method ?? error.code) : '';
        refusals += SENSELESS.has(code) ? 1 : 0;
        log.debug({ err: error, allocation }, 'findings were not answered');
        if (refusals >= REFUSALS) {
          log.error({ err: error, allocation, findings: bundle.bodies }, 'findings are given up');
          await holdings.ledger.drop(bundle);
          refusals = 0;
        } else {
          await this.#pause(Math.min(PAUSE_MS.longest, PAUSE_MS.first * 2 ** (failures - 1)));
        }
      }
    }
  }

  #send({ allocation, fence, bodies }: Bundle): Promise<Answer> {
    const body = { allocation, fence, ...fromLetters(bodies) };
    return this.#options.link.request('findings', body, { timeoutMs: ANSWER_MS, signal: this.#abort.signal });
  }

  /** Ends early when the link is back. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#wakes.delete(done);
        resolve();
      };
      const cancel = this.#options.clock.after(ms, done);
      this.#wakes.add(done);
    });
  }
}

/**
 * Whether an error is one of the system or of SQLite: a full disk, one that fails for a moment, too many open files. It says
 * nothing against the file, and whoever reports it may give it up when it is refused.
 */
function isOfTheMachine(error: unknown): boolean {
  const { errno, errcode } = (error ?? {}) as { errno?: unknown; errcode?: unknown };
  return typeof errno === 'number' || typeof errcode === 'number';
}
