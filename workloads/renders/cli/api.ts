import type { CommandContext } from '@backlot/cli/command';
import type { JobState } from '@backlot/contract/states/job';
import {
  Render,
  RenderPage,
  type RenderSubmissionInput,
  type RenderSummary,
  type SupplyFiles,
} from '../contract.ts';

type Client = Awaited<ReturnType<CommandContext['api']>>;

/** The routes of renders, typed, over the SDK's transport. */
export class RendersApi {
  readonly client: Client;
  readonly #signal: AbortSignal;

  constructor(client: Client, signal: AbortSignal) {
    this.client = client;
    this.#signal = signal;
  }

  submit(submission: RenderSubmissionInput, idempotencyKey: string): Promise<Render> {
    const options = { json: submission, idempotencyKey, signal: this.#signal };
    return this.client.transport.call('POST', '/api/v1/renders', Render, options);
  }

  get(id: string): Promise<Render> {
    return this.client.transport.call('GET', `/api/v1/renders/${encodeURIComponent(id)}`, Render, {
      signal: this.#signal,
    });
  }

  /** Brings files that were missing, or says that it may go on without them. */
  supply(id: string, supply: SupplyFiles): Promise<Render> {
    const path = `/api/v1/renders/${encodeURIComponent(id)}/files`;
    return this.client.transport.call('POST', path, Render, { json: supply, signal: this.#signal });
  }

  /** Newest first, page by page. */
  async *list(query: {
    projectId?: string;
    state?: JobState;
    text?: string;
  }): AsyncGenerator<RenderSummary, void, undefined> {
    let cursor: string | undefined;
    do {
      const options = { query: { ...query, cursor, limit: 100 }, signal: this.#signal };
      const answer = await this.client.transport.call('GET', '/api/v1/renders', RenderPage, options);
      yield* answer.items;
      cursor = answer.next;
    } while (cursor !== undefined);
  }
}

export type { Client };
