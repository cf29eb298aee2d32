/** What the limits of time depend on. All in milliseconds of the same monotonic clock. */
export interface TimeFacts {
  readonly now: number;
  readonly startedAt: number;
  /** The last output or word of progress. */
  readonly heardAt: number;
  /** Time spent frozen since the start, up to now. */
  readonly frozenMs: number;
  /** Time spent frozen since `heardAt`, up to now. */
  readonly frozenSinceHeardMs: number;
  readonly wallMs?: number | undefined;
  readonly silenceMs?: number | undefined;
}

/** Which limit is reached, or when to look again; neither when there are no limits. */
export type TimeVerdict =
  | { readonly over: 'timeout' | 'silence' }
  | { readonly over: undefined; readonly inMs: number | undefined };

/**
 * Judges the limits of time. A frozen process is not slow and not silent, it isn't allowed to run: so the time that it
 * spends frozen counts for neither.
 */
export function judgeTime(facts: TimeFacts): TimeVerdict {
  const wallLeft =
    facts.wallMs === undefined ? undefined : facts.wallMs - (facts.now - facts.startedAt - facts.frozenMs);
  const silenceLeft =
    facts.silenceMs === undefined
      ? undefined
      : facts.silenceMs - (facts.now - facts.heardAt - facts.frozenSinceHeardMs);
  if (wallLeft !== undefined && wallLeft <= 0) return { over: 'timeout' };
  if (silenceLeft !== undefined && silenceLeft <= 0) return { over: 'silence' };
  const left = [wallLeft, silenceLeft].filter((ms) => ms !== undefined);
  return { over: undefined, inMs: left.length === 0 ? undefined : Math.min(...left) };
}

/** Keeps the time of one child: when it started, when it was last heard of, and how long it was frozen. */
export class RunningTime {
  readonly #monotonic: () => number;
  readonly startedAt: number;
  #heardAt: number;
  #frozenAt: number | undefined;
  #frozenMs = 0;
  #frozenMsWhenHeard = 0;

  /** `monotonic` gives milliseconds that only ever grow. */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
    this.startedAt = monotonic();
    this.#heardAt = this.startedAt;
  }

  get isFrozen(): boolean {
    return this.#frozenAt !== undefined;
  }

  /** Milliseconds since the start. */
  get wallMs(): number {
    return this.#monotonic() - this.startedAt;
  }

  /** Milliseconds since the last output or word of progress. */
  get silentMs(): number {
    return this.#monotonic() - this.#heardAt;
  }

  /** Milliseconds spent frozen until now. */
  get frozenMs(): number {
    return this.#frozenMs + (this.#frozenAt === undefined ? 0 : this.#monotonic() - this.#frozenAt);
  }

  heard(): void {
    this.#heardAt = this.#monotonic();
    this.#frozenMsWhenHeard = this.frozenMs;
  }

  /** Frozen since `at`. */
  froze(at: number): void {
    this.#frozenAt ??= at;
  }

  thawed(): void {
    this.#frozenMs = this.frozenMs;
    this.#frozenAt = undefined;
  }

  judge(limits: Pick<TimeFacts, 'wallMs' | 'silenceMs'>): TimeVerdict {
    return judgeTime({
      now: this.#monotonic(),
      startedAt: this.startedAt,
      heardAt: this.#heardAt,
      frozenMs: this.frozenMs,
      frozenSinceHeardMs: this.frozenMs - this.#frozenMsWhenHeard,
      wallMs: limits.wallMs,
      silenceMs: limits.silenceMs,
    });
  }
}
