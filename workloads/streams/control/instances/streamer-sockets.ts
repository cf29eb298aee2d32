import type { StreamerConnection } from '../ports.ts';

/** The sockets of streamers that are open here, by instance. In memory only: a streamer comes back by itself. */
export class StreamerSockets {
  readonly #sockets = new Map<string, StreamerConnection>();

  get size(): number {
    return this.#sockets.size;
  }

  /** The newest socket counts; the one before is closed. */
  put(instanceId: string, connection: StreamerConnection): void {
    const before = this.#sockets.get(instanceId);
    this.#sockets.set(instanceId, connection);
    if (before && before !== connection) before.close('replaced');
  }

  /** False when another one has taken its place. */
  remove(instanceId: string, connection: StreamerConnection): boolean {
    if (this.#sockets.get(instanceId) !== connection) return false;
    return this.#sockets.delete(instanceId);
  }

  isCurrent(instanceId: string, connection: StreamerConnection): boolean {
    return this.#sockets.get(instanceId) === connection;
  }

  /** Instances whose streamer is connected here. */
  ids(): string[] {
    return [...this.#sockets.keys()];
  }

  end(instanceId: string): void {
    const connection = this.#sockets.get(instanceId);
    this.#sockets.delete(instanceId);
    connection?.close('ended');
  }
}
