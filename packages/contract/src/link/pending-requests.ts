import type { Clock } from '../clock.ts';
import { BacklotError } from '../errors/catalogue.ts';
import { kernelErrors } from '../errors/kernel.ts';
import { linkErrors } from '../errors/link.ts';

interface Waiting<T> {
  readonly resolve: (answer: T) => void;
  readonly reject: (error: Error) => void;
  readonly settle: () => void;
}

/**
 * Requests on their way over a link, by the `id` of their envelope, until the envelope with that `re` comes back.
 * Each has a deadline; when the link ends all of them end with it.
 */
export class PendingRequests<T> {
  readonly #waiting = new Map<string, Waiting<T>>();
  readonly #clock: Clock;
  readonly #limit: number;
  #last = 0;

  /** @param limit how many may wait at once; one more is refused. */
  constructor(clock: Clock, limit = 1_000) {
    this.#clock = clock;
    this.#limit = limit;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Sends a request by `send`, which is given the id to put into the envelope and says whether the link took it.
   *
   * @throws node_not_connected when the link didn't take it, what `send` throws, timed_out after `timeoutMs`, or the
   * signal's reason
   */
  request(
    send: (id: string) => boolean,
    options: { readonly what: string; readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
  ): Promise<T> {
    const { what, timeoutMs, signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#waiting.size >= this.#limit) {
      return Promise.reject(new BacklotError(linkErrors.link_busy, { retryAfterS: 1 }));
    }
    this.#last += 1;
    const id = this.#last.toString(36);
    return new Promise<T>((resolve, reject) => {
      const onAbort = () => this.#take(id)?.reject(signal?.reason);
      const cancel = this.#clock.after(timeoutMs, () =>
        this.#take(id)?.reject(
          new BacklotError(kernelErrors.timed_out, { params: { what, seconds: timeoutMs / 1000 } }),
        ),
      );
      const settle = () => {
        cancel();
        signal?.removeEventListener('abort', onAbort);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.set(id, { resolve, reject, settle });
      try {
        if (!send(id)) this.#take(id)?.reject(new BacklotError(linkErrors.node_not_connected));
      } catch (error) {
        this.#take(id)?.reject(error as Error);
      }
    });
  }

  /** The answer to a request. False when nobody waits for it any more. */
  resolve(id: string, answer: T): boolean {
    const waiting = this.#take(id);
    waiting?.resolve(answer);
    return waiting !== undefined;
  }

  reject(id: string, error: Error): boolean {
    const waiting = this.#take(id);
    waiting?.reject(error);
    return waiting !== undefined;
  }

  /** The link has ended: nothing will be answered any more. */
  linkClosed(): void {
    for (const id of [...this.#waiting.keys()]) {
      this.reject(id, new BacklotError(linkErrors.node_not_connected));
    }
  }

  #take(id: string): Waiting<T> | undefined {
    const waiting = this.#waiting.get(id);
    if (!waiting) return undefined;
    this.#waiting.delete(id);
    waiting.settle();
    return waiting;
  }
}
