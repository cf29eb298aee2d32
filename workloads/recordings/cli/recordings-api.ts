import type { ApiClient } from '@backlot/sdk';
import type { z } from 'zod';
import { Broadcast, BroadcastPage, Timeline } from '../contract/broadcast.ts';
import { Channel, ChannelPage, IngestAddress } from '../contract/channel.ts';

/** The routes of recordings, as the commands need them. */
export class RecordingsApi {
  readonly #client: ApiClient;
  readonly #signal: AbortSignal;

  constructor(client: ApiClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  /** Newest first. */
  async *channels(query: { projectId?: string; text?: string }): AsyncGenerator<Channel> {
    let cursor: string | undefined;
    do {
      const page = await this.#get('/api/v1/channels', ChannelPage, { ...query, cursor, limit: 100 });
      yield* page.items;
      cursor = page.next;
    } while (cursor !== undefined);
  }

  /** Newest first. */
  async *broadcasts(query: {
    projectId?: string;
    channelId?: string;
    state?: string;
  }): AsyncGenerator<Broadcast> {
    let cursor: string | undefined;
    do {
      const page = await this.#get('/api/v1/broadcasts', BroadcastPage, { ...query, cursor, limit: 100 });
      yield* page.items;
      cursor = page.next;
    } while (cursor !== undefined);
  }

  add(channel: Record<string, unknown>): Promise<Channel> {
    return this.#client.transport.call('POST', '/api/v1/channels', Channel, {
      json: channel,
      signal: this.#signal,
    });
  }

  async act(id: string, word: 'start' | 'stop' | 'split' | 'end-broadcast'): Promise<void> {
    await this.#client.transport.run('POST', `${path(id)}/${word}`, { signal: this.#signal });
  }

  async remove(id: string): Promise<void> {
    await this.#client.transport.run('DELETE', path(id), { signal: this.#signal });
  }

  channel(id: string): Promise<Channel> {
    return this.#get(path(id), Channel);
  }

  ingest(id: string): Promise<IngestAddress> {
    return this.#get(`${path(id)}/ingest`, IngestAddress);
  }

  rotateKey(id: string): Promise<IngestAddress> {
    return this.#client.transport.call('POST', `${path(id)}/ingest/rotate`, IngestAddress, {
      signal: this.#signal,
    });
  }

  timeline(id: string): Promise<Timeline> {
    return this.#get(`/api/v1/broadcasts/${encodeURIComponent(id)}/timeline`, Timeline);
  }

  async removeBroadcast(id: string): Promise<void> {
    await this.#client.transport.run('DELETE', `/api/v1/broadcasts/${encodeURIComponent(id)}`, {
      signal: this.#signal,
    });
  }

  restoreBroadcast(id: string): Promise<Broadcast> {
    return this.#client.transport.call(
      'POST',
      `/api/v1/broadcasts/${encodeURIComponent(id)}/restore`,
      Broadcast,
      { signal: this.#signal },
    );
  }

  #get<Schema extends z.ZodType>(
    address: string,
    schema: Schema,
    query: Record<string, string | number | undefined> = {},
  ): Promise<z.output<Schema>> {
    return this.#client.transport.call('GET', address, schema, { query, signal: this.#signal });
  }
}

function path(id: string): string {
  return `/api/v1/channels/${encodeURIComponent(id)}`;
}
