/** Keeps the session over a reload of the page: `sessionStorage` fits. */
export interface SessionMemory {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/**
 * The session token of one app, kept with the ticket that it came from: another link to the same app begins another
 * session. Storage can be forbidden (third-party frames, private windows); a session then just does not outlive its page.
 */
export class TokenMemory {
  readonly #memory: SessionMemory | undefined;
  readonly #key: string;
  readonly #ticket: string;

  constructor(memory: SessionMemory | undefined, app: string, ticket: string | undefined) {
    this.#memory = memory;
    this.#key = `backlot.stream.${app}`;
    this.#ticket = ticket ?? '';
  }

  read(): string | undefined {
    try {
      const kept: unknown = JSON.parse(this.#memory?.getItem(this.#key) ?? 'null');
      if (!Array.isArray(kept) || kept[0] !== this.#ticket) return undefined;
      return typeof kept[1] === 'string' ? kept[1] : undefined;
    } catch {
      return undefined;
    }
  }

  write(token: string): void {
    try {
      this.#memory?.setItem(this.#key, JSON.stringify([this.#ticket, token]));
    } catch {
      // Forbidden: see above.
    }
  }

  clear(): void {
    try {
      this.#memory?.removeItem(this.#key);
    } catch {
      // Forbidden: see above.
    }
  }
}
