import type { Clock } from '@backlot/contract/clock';
import { StoreFault } from '../store/store-fault.ts';
import { firstPauseMs, lastPauseMs, pauseMs } from './backoff.ts';
import { Urgency } from './haste.ts';

/** Faults that are worth the same again at once; so many in a row are not. */
const mostAtOnce = 5;

export interface Patience {
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Milliseconds without progress after which it is given up, for this attempt. */
  readonly patienceMs: number;
  /** Milliseconds without progress after which somebody should know. */
  readonly alarmMs: number;
  readonly pace?: { readonly firstMs: number; readonly lastMs: number } | undefined;
  /** Pauses are as long as its haste allows, also the one that goes on while it changes. */
  readonly urgency?: Urgency | undefined;
}

export interface Listener {
  /** A try has failed; `untilMs` is when the next one begins, in wall-clock time. */
  waiting(fault: StoreFault, untilMs: number): void;
  /** The pause that goes on ends at another time than was said. */
  untilNow(untilMs: number): void;
  /** The next try begins. */
  again(): void;
  /** Nothing has gone through for a while, or never will as things are. Said once until `reachable`. */
  unreachable(fault: StoreFault): void;
  /** Something goes through again. */
  reachable(): void;
}

/**
 * Does something that may fail for as long as patience lasts: pauses grow from a second to ten minutes, begin again with
 * every bit of progress, and faults of bytes are tried again at once. Refusals end it: they need a person, and another
 * attempt that knows what the person has changed.
 */
export class Persistence {
  readonly #patience: Patience;
  readonly #listener: Listener;
  readonly #urgency: Urgency;
  #pausing = new AbortController();
  #faults = 0;
  #atOnce = 0;
  #retries = 0;
  /** Milliseconds of silence since something last went through, up to `#mark`. */
  #quietMs = 0;
  /** Since when it is silent, if it is. */
  #mark: number;
  #told: boolean;
  #untried: boolean;

  /**
   * @param down people were told that the target is away
   * @param untried nothing is known of it: the first success is told
   */
  constructor(patience: Patience, listener: Listener, down: boolean, untried = false) {
    this.#patience = patience;
    this.#listener = listener;
    this.#urgency = patience.urgency ?? new Urgency();
    this.#urgency.whenChanged(() => this.#pausing.abort(new Error('The pause has another length now.')));
    this.#mark = patience.clock.monotonic();
    this.#told = down;
    this.#untried = untried;
  }

  /** Tries that have failed. */
  get retries(): number {
    return this.#retries;
  }

  /** Something has gone through: what comes next is a new fault. */
  progressed(): void {
    this.#faults = 0;
    this.#atOnce = 0;
    this.#quietMs = 0;
    this.#mark = this.#patience.clock.monotonic();
    if (!this.#told && !this.#untried) return;
    this.#told = false;
    this.#untried = false;
    this.#listener.reachable();
  }

  /**
   * Bytes are on their way, and may have to go again: the time of this try until now was no silence. Without this the hours
   * of one large part would be taken for an outage as soon as it breaks off. Earlier silence and pauses stay: a target that
   * takes bytes and always fails afterwards gets nothing through.
   */
  moved(): void {
    this.#mark = this.#patience.clock.monotonic();
  }

  /** @throws StoreFault the last one, when patience has ended; anything that is no fault of the target at once */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const { signal } = this.#patience;
    for (;;) {
      try {
        signal.throwIfAborted();
        const result = await work();
        this.progressed();
        return result;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (!(error instanceof StoreFault)) throw error;
        await this.#after(error);
        signal.throwIfAborted();
        this.#listener.again();
      }
    }
  }

  async #after(fault: StoreFault): Promise<void> {
    const { patienceMs, alarmMs } = this.#patience;
    this.#retries += 1;
    const quietMs = this.#silence();
    const soon = fault.kind === 'damaged' || fault.kind === 'gone' || fault.kind === 'taken';
    if (soon && this.#atOnce < mostAtOnce) {
      this.#atOnce += 1;
      return;
    }
    this.#faults += 1;
    const final = fault.kind === 'refused' || fault.kind === 'full' || quietMs >= patienceMs;
    if (!this.#told && (final || quietMs >= alarmMs)) {
      this.#told = true;
      this.#listener.unreachable(fault);
    }
    if (final) throw fault;
    await this.#pause(fault);
    this.#silence();
  }

  /** Until the next try, and no longer than haste allows: it is reckoned anew, from its beginning, when that changes. */
  async #pause(fault: StoreFault): Promise<void> {
    const { clock, random, signal, pace } = this.#patience;
    const { firstMs = firstPauseMs, lastMs = lastPauseMs } = pace ?? {};
    const [began, chance] = [clock.monotonic(), random()];
    for (let said = false; ; said = true) {
      const longest = this.#urgency.haste.longestPauseMs;
      const full = pauseMs(this.#faults, chance, fault.retryAfterMs, longest);
      const left = Math.min((full * firstMs) / firstPauseMs, lastMs) - (clock.monotonic() - began);
      if (said) this.#listener.untilNow(clock.now() + Math.max(0, left));
      else this.#listener.waiting(fault, clock.now() + left);
      if (left <= 0) return;
      this.#pausing = new AbortController();
      try {
        return await clock.sleep(left, AbortSignal.any([signal, this.#pausing.signal]));
      } catch (error) {
        signal.throwIfAborted();
        if (!this.#pausing.signal.aborted) throw error;
      }
    }
  }

  /** Takes the silence until now into account. */
  #silence(): number {
    const now = this.#patience.clock.monotonic();
    this.#quietMs += now - this.#mark;
    this.#mark = now;
    return this.#quietMs;
  }
}
