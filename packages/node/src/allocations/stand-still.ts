import type { Reason } from '@backlot/contract';
import { reason } from '@backlot/contract/phrase';
import { agentPhrases, diskPause } from '@backlot/contract/phrases/agent';
import type { Logger } from 'pino';
import type { AllocationBook } from './allocation-book.ts';
import type { Execution } from './execution.ts';
import { type AllocationFacts, type FrozenBy, stepOf } from './facts.ts';

export interface StandStillParts {
  readonly book: AllocationBook;
  readonly execution: Execution;
  readonly log: Logger;
  /** Something was reported: it may be told. */
  told(): void;
}

/**
 * Whether an allocation stands still, and for whom. The control plane freezes work to give its cores to others, this node
 * for its disk; each asks and takes back for itself, and it goes on when nobody asks any more. Who has asked is in the
 * journal, so that the next agent knows whose it is to thaw.
 */
export class StandStill {
  readonly #parts: StandStillParts;
  /** One request after the other: two that cross would leave it as the slower one wants it. */
  #turn: Promise<void> = Promise.resolve();
  /** It shares a process, which can't stand still for one alone: said once, and not tried again. */
  #shared = false;

  constructor(parts: StandStillParts) {
    this.#parts = parts;
  }

  /** Stops the process in place. When it has not begun yet, it is stopped as soon as it has. */
  ask(by: FrozenBy): Promise<void> {
    return this.#inTurn(async () => {
      const { book } = this.#parts;
      await book.record(({ frozenBy }) =>
        frozenBy.includes(by) ? undefined : { r: 'frozen-by', by: [...frozenBy, by] },
      );
      await this.#freeze();
    });
  }

  /** Does what was asked for before the process began, or before this agent did. */
  resume(): Promise<void> {
    // The journal may say that it stands still when it does not: an agent that died right after it had thawed it.
    return this.#inTurn(() => this.#freeze({ surely: true }));
  }

  /** Takes a request back. It goes on if this was the last one. */
  release(by: FrozenBy): Promise<void> {
    return this.#inTurn(async () => {
      const { book } = this.#parts;
      const { frozenBy, state } = book.facts;
      // Frozen for nobody is what an earlier release leaves, which did not write down for whom.
      const orphan = frozenBy.length === 0 && state === 'frozen' && by === 'control';
      const others = frozenBy.filter((one) => one !== by);
      // The control plane has given it cores to go on with, and has to hear that they are of no use here yet.
      const again = by === 'control';
      if (others.length === frozenBy.length && !orphan) {
        if (again && others.length > 0) await this.#freeze({ again });
        return;
      }
      // The record comes last: an agent that dies before it thaws once more, and one that died after it would not.
      if (others.length === 0) await this.#thaw();
      await book.record(() => ({ r: 'frozen-by', by: others }));
      if (others.length > 0) await this.#freeze({ again });
    });
  }

  /**
   * @param options.surely the process is stopped also when it counts as stopped
   * @param options.again  it is told also when nothing is new
   */
  async #freeze({ surely = false, again = false } = {}): Promise<void> {
    const { book, execution, log, told } = this.#parts;
    const facts = book.facts;
    if (facts.frozenBy.length === 0 || !runs(facts) || this.#shared) return;
    if ((surely || facts.state !== 'frozen') && !(await execution.freeze())) {
      log.info('an allocation in a host can’t be frozen');
      this.#shared = true;
      return;
    }
    const why = whyOf(facts.frozenBy);
    await book.report(({ state, frozenBecause }) =>
      state === 'frozen' && frozenBecause?.code === why?.code && !again
        ? undefined
        : { state: 'frozen', outputs: [], ...(why ? { reason: why } : {}) },
    );
    told();
  }

  async #thaw(): Promise<void> {
    const { book, execution, told } = this.#parts;
    if (!runs(book.facts) || !(await execution.thaw())) return;
    await book.reached('running');
    told();
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(act);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

/**
 * Whether it has told that it runs, for until then nobody believes that it is frozen, and may go on running: work that was
 * asked to end is ended, frozen or not, and its runner thaws it for that.
 */
function runs(facts: AllocationFacts): boolean {
  if (facts.state !== 'running' && facts.state !== 'frozen') return false;
  return stepOf(facts) === 'running' && !facts.stop && !facts.doom && !facts.stale;
}

/** What is told with it. The control plane knows its own reason; of the disk it has to hear, because it can't thaw that. */
function whyOf(by: readonly FrozenBy[]): Reason | undefined {
  return by.includes('disk') ? reason(agentPhrases, diskPause) : undefined;
}
