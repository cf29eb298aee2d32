import type { LiveUpdate } from '@backlot/contract/api/events';
import type { Clock } from '@backlot/contract/clock';
import type { Subject } from './subjects.ts';

type Listener = () => void;

/** Whether the page hears of changes as they happen, and since when (milliseconds since 1970). */
export interface LiveStatus {
  readonly state: 'connecting' | 'live' | 'waiting';
  readonly since: number;
}

/**
 * Gathers what arrives on the stream and hands it on at most twice a second: a page with a thousand live rows
 * is drawn twice a second, not a thousand times, and nothing moves under the reader's eyes in between.
 */
export class LiveStore {
  readonly #latest = new Map<string, LiveUpdate['body']>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #statusListeners = new Set<Listener>();
  readonly #changedKeys = new Set<string>();
  readonly #changedSubjects = new Set<Subject>();
  readonly #pulses = new Map<Subject, { again: boolean; readonly cancel: () => void }>();
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #onSubjects: (subjects: ReadonlySet<Subject>) => void;
  #status: LiveStatus;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, onSubjects: (subjects: ReadonlySet<Subject>) => void, intervalMs = 500) {
    this.#clock = clock;
    this.#onSubjects = onSubjects;
    this.#intervalMs = intervalMs;
    this.#status = { state: 'connecting', since: clock.now() };
  }

  static key(kind: string, id: string): string {
    return `${kind}\n${id}`;
  }

  get status(): LiveStatus {
    return this.#status;
  }

  setStatus(status: LiveStatus): void {
    // The moment counts from the first failure, not from the latest try.
    if (status.state !== 'live' && this.#status.state !== 'live') {
      this.#status = { state: status.state, since: this.#status.since };
    } else this.#status = status;
    for (const listener of this.#statusListeners) listener();
  }

  subscribeStatus(listener: Listener): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  /** The newest unstored update of a kind about one thing, if one has come since the page was opened. */
  latest(kind: string, id: string): LiveUpdate['body'] | undefined {
    return this.#latest.get(LiveStore.key(kind, id));
  }

  subscribe(kind: string, id: string, listener: Listener): () => void {
    const key = LiveStore.key(kind, id);
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(key);
    };
  }

  update(update: LiveUpdate): void {
    const key = LiveStore.key(update.kind, update.subject.id);
    this.#latest.set(key, update.body);
    this.#changedKeys.add(key);
    this.#schedule();
  }

  changed(subjects: Iterable<Subject>): void {
    for (const subject of subjects) this.#changedSubjects.add(subject);
    this.#schedule();
  }

  /**
   * As {@link changed}, for what changes all the time: the first change is handed on as any other, and those that
   * follow within `everyMs` once, at its end.
   */
  pulse(subject: Subject, everyMs: number): void {
    const pulse = this.#pulses.get(subject);
    if (pulse) {
      pulse.again = true;
      return;
    }
    this.changed([subject]);
    const cancel = this.#clock.after(everyMs, () => {
      const again = this.#pulses.get(subject)?.again;
      this.#pulses.delete(subject);
      if (again) this.pulse(subject, everyMs);
    });
    this.#pulses.set(subject, { again: false, cancel });
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const { cancel } of this.#pulses.values()) cancel();
    this.#pulses.clear();
  }

  #schedule(): void {
    this.#cancel ??= this.#clock.after(this.#intervalMs, () => {
      this.#cancel = undefined;
      this.#flush();
    });
  }

  #flush(): void {
    const keys = [...this.#changedKeys];
    const subjects = new Set(this.#changedSubjects);
    this.#changedKeys.clear();
    this.#changedSubjects.clear();
    if (subjects.size > 0) this.#onSubjects(subjects);
    for (const key of keys) for (const listener of this.#listeners.get(key) ?? []) listener();
  }
}
