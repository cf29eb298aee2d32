/** Names of events with what their listeners are given. */
export type EventTable<E> = { readonly [K in keyof E]: readonly unknown[] };

/**
 * Typed events. A listener that throws disturbs neither the room nor the other listeners: what it threw is
 * reported where the platform shows uncaught errors.
 */
export class Emitter<E extends EventTable<E>> {
  readonly #listeners = new Map<keyof E, Set<unknown>>();

  /** Listens until the returned function is called; calling it twice is harmless. */
  on<K extends keyof E>(name: K, listener: (...args: E[K]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Listens for one event. */
  once<K extends keyof E>(name: K, listener: (...args: E[K]) => void): () => void {
    const stop = this.on(name, (...args) => {
      stop();
      listener(...args);
    });
    return stop;
  }

  emit<K extends keyof E>(name: K, ...args: E[K]): void {
    // A copy: listeners come and go while they are called.
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as (...args: E[K]) => void)(...args);
      } catch (error) {
        report(error);
      }
    }
  }

  removeAll(): void {
    this.#listeners.clear();
  }
}

function report(error: unknown): void {
  if (typeof globalThis.reportError === 'function') globalThis.reportError(error);
  else console.error('A listener of a room has failed:', error);
}
