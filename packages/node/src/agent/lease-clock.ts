/**
 * How long the node has been without a good lease, by its own monotonic clock. A lease counts from the moment in which
 * the heartbeat that renewed it was sent: by then the control plane can't have counted it from any earlier one.
 */
export class LeaseClock {
  #sentAt: number | undefined;
  #renewedAt: number | undefined;

  /** A heartbeat goes out. */
  sent(now: number): void {
    this.#sentAt = now;
  }

  /** The control plane has renewed the lease, for the last heartbeat or one before. */
  renewed(): void {
    if (this.#sentAt !== undefined) this.#renewedAt = this.#sentAt;
  }

  /** Signed in: the lease begins anew. */
  begun(now: number): void {
    this.#renewedAt = now;
  }

  /** Milliseconds since the last renewal; nothing before the first, since there is nothing to lose then. */
  silentMs(now: number): number | undefined {
    return this.#renewedAt === undefined ? undefined : now - this.#renewedAt;
  }
}
