import { newId } from '@backlot/contract';
import type { GatewayRow } from '../tables.ts';
import type { SocketParts } from './forward-socket.ts';
import { ReverseHttp } from './reverse-http.ts';
import { ReverseSocket } from './reverse-socket.ts';

const lookMs = 5_000;

/**
 * Dials for every gateway that wants it, from one control process at a time: whoever holds the lease. A change of the settings
 * closes what was open and begins anew.
 */
export class Dialler {
  readonly #parts: SocketParts;
  readonly #holder = newId();
  readonly #open = new Map<string, { revision: number; links: readonly (ReverseSocket | ReverseHttp)[] }>();
  #cancel: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: SocketParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#arm(0);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#running;
    await Promise.all([...this.#open.keys()].map((id) => this.#end(id)));
    await this.#parts.gateways.giveBack(this.#holder).catch(() => undefined);
  }

  /** One look at the settings; public for tests, and after a change. */
  async look(): Promise<void> {
    const rows = await this.#parts.gateways.lease(this.#holder);
    const wanted = new Map(rows.map((row) => [row.project_id, row]));
    for (const [id, { revision }] of this.#open)
      if (wanted.get(id)?.revision !== revision) await this.#end(id);
    for (const row of rows) if (!this.#open.has(row.project_id) && !this.#closed) await this.#begin(row);
  }

  #arm(ms: number): void {
    this.#cancel = this.#parts.kernel.clock.after(ms, () => {
      this.#running = this.look()
        .catch((error: unknown) =>
          this.#parts.kernel.log.warn({ err: error }, 'gateways of NGlive could not be looked at'),
        )
        .finally(() => {
          if (!this.#closed) this.#arm(lookMs);
        });
    });
  }

  async #begin(row: GatewayRow): Promise<void> {
    const targets = await this.#parts.gateways.reverseOf(row);
    const links = targets.map((target) =>
      target.kind === 'socket'
        ? new ReverseSocket(this.#parts, row, target)
        : new ReverseHttp(this.#parts, row, target),
    );
    this.#open.set(row.project_id, { revision: row.revision, links });
    for (const link of links) link.start();
  }

  async #end(projectId: string): Promise<void> {
    const open = this.#open.get(projectId);
    this.#open.delete(projectId);
    await Promise.all(open?.links.map((link) => link.close()) ?? []);
  }
}
