/** Events that wait for one peer. The oldest go first: what a listener has missed longest helps it least. */
export const mostEvents = 1_000;
/** Answers to commands that wait beside them: as many as commands of a socket may wait. */
export const mostAnswers = 100;

/** Something that waits to be told. */
export interface Waiting {
  readonly message: unknown;
  readonly kind: 'event' | 'answer';
}

/** Who wants to know that events are lost: once when it begins, and once how many they were. */
export interface OverflowObserver {
  began(): void;
  ended(dropped: number): void;
}

/**
 * What waits for a peer, oldest first, in the memory of this process alone. Whoever delivers takes an entry out with `next()`
 * and gives it `back()` if the peer did not take it: what is on its way is not in here, so that an overflow can't drop it, and
 * nothing that came meanwhile is mistaken for it.
 *
 * Events are dropped at an overflow; answers never are, because a command that has been done is to be answered: ask
 * `answersFull` before it is done.
 */
export class Backlog {
  readonly #waiting: Waiting[] = [];
  readonly #observer: OverflowObserver;
  #events = 0;
  #dropped = 0;

  constructor(observer: OverflowObserver) {
    this.#observer = observer;
  }

  get size(): number {
    return this.#waiting.length;
  }

  get answers(): number {
    return this.#waiting.length - this.#events;
  }

  get answersFull(): boolean {
    return this.answers >= mostAnswers;
  }

  addEvent(message: unknown): void {
    this.#waiting.push({ message, kind: 'event' });
    this.#events += 1;
    while (this.#events > mostEvents) this.#drop();
  }

  addAnswer(message: unknown): void {
    this.#waiting.push({ message, kind: 'answer' });
  }

  /** Takes the oldest out. When there is none the peer has caught up, and an overflow is over. */
  next(): Waiting | undefined {
    const first = this.#waiting.shift();
    if (first?.kind === 'event') this.#events -= 1;
    if (!first) this.#settle();
    return first;
  }

  /** It was not delivered after all, and is the oldest again. */
  back(entry: Waiting): void {
    this.#waiting.unshift(entry);
    if (entry.kind === 'event') this.#events += 1;
  }

  /** Nobody will tell it any more: events that still wait are lost like those that were dropped, and counted with them. */
  giveUp(): void {
    this.#dropped += this.#events;
    this.#events = 0;
    this.#waiting.length = 0;
    this.#settle();
  }

  #settle(): void {
    if (this.#dropped === 0) return;
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#observer.ended(dropped);
  }

  #drop(): void {
    const oldest = this.#waiting.findIndex(({ kind }) => kind === 'event');
    this.#waiting.splice(oldest, 1);
    this.#events -= 1;
    this.#dropped += 1;
    if (this.#dropped === 1) this.#observer.began();
  }
}
