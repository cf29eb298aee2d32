import type { MediaEvent } from '../../../contract/media/events.ts';

/** Events that are kept for whoever was away. */
const kept = 1_000;

type Unnumbered<E> = E extends { seq: number } ? Omit<E, 'seq'> : never;
export type NewEvent = Unnumbered<MediaEvent>;

/** Numbers a room's events, passes them on, and keeps the latest; of messages only that there were some. */
export class EventLog {
  readonly #pass: (event: MediaEvent) => void;
  readonly #events: MediaEvent[] = [];
  #seq = 0;

  constructor(pass: (event: MediaEvent) => void) {
    this.#pass = pass;
  }

  get seq(): number {
    return this.#seq;
  }

  tell(event: NewEvent): void {
    this.#seq += 1;
    const numbered = { ...event, seq: this.#seq } as MediaEvent;
    this.#events.push(withoutBody(numbered));
    if (this.#events.length > kept) this.#events.shift();
    this.#pass(numbered);
  }

  /** All events after a number; not `complete` when some of them are no longer here, or the number was never given. */
  after(seq: number): { complete: boolean; seq: number; events: MediaEvent[] } {
    const first = this.#events[0]?.seq ?? this.#seq + 1;
    const complete = seq <= this.#seq && seq >= first - 1;
    return {
      complete,
      seq: this.#seq,
      events: complete ? this.#events.filter((event) => event.seq > seq) : [],
    };
  }
}

function withoutBody(event: MediaEvent): MediaEvent {
  if (event.event !== 'dataMessage') return event;
  const { seq, owner, dataProducerId } = event;
  return { event: 'dataMessage', seq, owner, dataProducerId };
}
