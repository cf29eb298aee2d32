import { BacklotError, type Clock } from '@backlot/contract';
import { streamErrors, type ThumbnailAnswer } from '../../contract.ts';
import { Turnstile } from '../signalling/turnstile.ts';

/** Pictures are taken in these widths only, so that one serves everybody. */
const widths = [320, 640, 1_280] as const;
/** How long a picture is shown to others. Milliseconds. */
const freshMs = 10_000;
/** Each is a process on the node that decodes video beside its applications. */
const atOncePerNode = 2;
/** Longer lines are refused, and so is whoever has stood in one for so long. */
const mostWaiting = 16;
const patienceMs = 15_000;
/** Pictures in memory, of at most half a megabyte. */
const capacity = 64;

export interface WantedPicture {
  readonly instanceId: string;
  readonly appId: string;
  readonly nodeId: string;
  readonly allocation: string;
  readonly width: number;
}

/** The width that a picture is taken in when this one is asked for: the next larger. Pure. */
export function widthFor(asked: number): number {
  return widths.find((width) => width >= asked) ?? widths[widths.length - 1] ?? asked;
}

/**
 * Looks at running streams. One look serves all who want it at the same time or shortly after, and a node takes few at
 * a time: what people look at must not cost those who play.
 */
export class Thumbnails {
  readonly #clock: Clock;
  readonly #take: (wanted: WantedPicture) => Promise<ThumbnailAnswer>;
  /** Those that are being taken, and those that were taken just now. */
  readonly #known = new Map<string, { readonly picture: Promise<ThumbnailAnswer>; until: number }>();
  readonly #lines = new Map<string, { readonly line: Turnstile; users: number }>();

  constructor(clock: Clock, take: (wanted: WantedPicture) => Promise<ThumbnailAnswer>) {
    this.#clock = clock;
    this.#take = take;
  }

  /** @throws thumbnails_busy, or what taking it throws */
  get(asked: WantedPicture): Promise<ThumbnailAnswer> {
    const wanted = { ...asked, width: widthFor(asked.width) };
    this.#forgetOld();
    const key = `${wanted.instanceId} ${wanted.width}`;
    const known = this.#known.get(key);
    if (known) return known.picture;
    const entry = { picture: this.#inLine(wanted), until: Number.POSITIVE_INFINITY };
    this.#known.set(key, entry);
    entry.picture.then(
      () => {
        entry.until = this.#clock.monotonic() + freshMs;
      },
      () => this.#known.delete(key),
    );
    return entry.picture;
  }

  async #inLine(wanted: WantedPicture): Promise<ThumbnailAnswer> {
    const { nodeId } = wanted;
    const known = this.#lines.get(nodeId) ?? { line: new Turnstile(atOncePerNode), users: 0 };
    if (known.line.waiting >= mostWaiting) throw busy();
    this.#lines.set(nodeId, known);
    known.users += 1;
    const end = this.#clock.monotonic() + patienceMs;
    try {
      const taken = await known.line.pass(
        'player',
        () => this.#clock.monotonic() < end,
        () => this.#take(wanted),
      );
      if (!taken) throw busy();
      return taken;
    } finally {
      known.users -= 1;
      if (known.users === 0) this.#lines.delete(nodeId);
    }
  }

  #forgetOld(): void {
    const now = this.#clock.monotonic();
    for (const [key, { until }] of this.#known) {
      // The oldest first; those that are being taken stay.
      const tooMany = this.#known.size >= capacity && until !== Number.POSITIVE_INFINITY;
      if (until <= now || tooMany) this.#known.delete(key);
    }
  }
}

const busy = () => new BacklotError(streamErrors.thumbnails_busy, { retryAfterS: 10 });
