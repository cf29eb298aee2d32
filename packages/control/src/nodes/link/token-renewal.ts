import type { ControlMessages } from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import type { Logger } from 'pino';
import type { Db } from '../../db/schema.ts';
import type { AllocationTokens } from '../../kernel.ts';

export interface TokenRenewalOptions {
  readonly db: Db;
  readonly tokens: AllocationTokens;
  readonly clock: Clock;
  readonly log: Logger;
  readonly everyMs: number;
  connected(): readonly string[];
  send(nodeId: string, body: ControlMessages['token']): boolean;
}

/** Sends a fresh token for every open allocation, well before the old one ends. */
export class TokenRenewal {
  readonly #options: TokenRenewalOptions;
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(options: TokenRenewalOptions) {
    this.#options = options;
  }

  start(): void {
    this.#cancel = this.#options.clock.after(this.#options.everyMs, () => {
      void this.renew(this.#options.connected()).finally(() => {
        if (!this.#closed) this.start();
      });
    });
  }

  /** Renews for these nodes now. A failure costs nothing: the next round comes before the tokens end. */
  async renew(nodeIds: readonly string[]): Promise<void> {
    if (nodeIds.length === 0) return;
    const { db, tokens, log } = this.#options;
    try {
      const open = await db
        .selectFrom('allocation')
        .select(['id', 'fence', 'node_id', 'project_id'])
        .where('state', '<>', 'ended')
        .where('node_id', 'in', [...nodeIds])
        .execute();
      for (const { id, fence, node_id: nodeId, project_id: projectId } of open) {
        const token = await tokens.issue({ allocation: id, fence, nodeId, projectId });
        this.#options.send(nodeId, { allocation: id, fence, token });
      }
    } catch (error) {
      log.warn({ err: error }, 'allocation tokens could not be renewed');
    }
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }
}
