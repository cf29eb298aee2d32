import type { NodeSession } from './node-session.ts';

/** Which nodes have a link, here or on another replica. What is known of others may be some seconds old. */
export class LinkDirectory {
  readonly #here = new Map<string, NodeSession>();
  readonly #elsewhere = new Map<string, string>();

  /** Takes a session in. @returns the one it replaces */
  add(nodeId: string, session: NodeSession): NodeSession | undefined {
    const before = this.#here.get(nodeId);
    this.#here.set(nodeId, session);
    this.#elsewhere.delete(nodeId);
    return before === session ? undefined : before;
  }

  /** Forgets a session, unless another has taken its place. */
  remove(nodeId: string, session: NodeSession): boolean {
    if (this.#here.get(nodeId) !== session) return false;
    return this.#here.delete(nodeId);
  }

  session(nodeId: string): NodeSession | undefined {
    return this.#here.get(nodeId);
  }

  /** The other replica that holds the node's link. */
  replica(nodeId: string): string | undefined {
    return this.#here.has(nodeId) ? undefined : this.#elsewhere.get(nodeId);
  }

  setReplica(nodeId: string, replica: string | null): void {
    if (replica === null) this.#elsewhere.delete(nodeId);
    else this.#elsewhere.set(nodeId, replica);
  }

  replaceReplicas(entries: Iterable<readonly [string, string]>): void {
    this.#elsewhere.clear();
    for (const [nodeId, replica] of entries) this.#elsewhere.set(nodeId, replica);
  }

  connected(nodeId: string): boolean {
    return this.#here.has(nodeId) || this.#elsewhere.has(nodeId);
  }

  sessions(): IterableIterator<[string, NodeSession]> {
    return this.#here.entries();
  }

  nodeIds(): string[] {
    return [...this.#here.keys()];
  }

  get size(): number {
    return this.#here.size;
  }
}
