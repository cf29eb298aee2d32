import type { Session } from './session.ts';

/** The sessions of this control plane, by their ids. */
export class Sessions {
  readonly #byId = new Map<string, Session>();

  get size(): number {
    return this.#byId.size;
  }

  add(session: Session): void {
    if (!session.over) this.#byId.set(session.id, session);
  }

  get(id: string): Session | undefined {
    return this.#byId.get(id);
  }

  delete(session: Session): void {
    if (this.#byId.get(session.id) === session) this.#byId.delete(session.id);
  }
}
