import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type CommandContext, UsageError } from '@backlot/cli/command';
import { z } from 'zod';
import {
  App,
  type AppCreationInput,
  AppPage,
  AppVersion,
  AppVersionPage,
  type Instance,
  InstancePage,
  PixelmanImported,
  type Session,
  SessionDetail,
  SessionPage,
  StreamCountsAnswer,
  TicketAnswer,
  type TicketRequestInput,
} from '../contract.ts';
import { words } from './words.ts';

type Client = Awaited<ReturnType<CommandContext['api']>>;
type Query = Readonly<Record<string, string | number | undefined>>;

const base = '/api/v1/streams';
const part = encodeURIComponent;

/** The routes of streams, typed, over the SDK's transport. */
export class StreamsApi {
  readonly client: Client;
  readonly #signal: AbortSignal;

  constructor(client: Client, signal: AbortSignal) {
    this.client = client;
    this.#signal = signal;
  }

  #call<Schema extends z.ZodType>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    schema: Schema,
    json?: unknown,
    idempotencyKey?: string,
  ): Promise<z.output<Schema>> {
    return this.client.transport.call(method, `${base}${path}`, schema, {
      signal: this.#signal,
      ...(json === undefined ? {} : { json }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
  }

  app(name: string): Promise<App> {
    return this.#call('GET', `/apps/${part(name)}`, App);
  }
  apps(query: Query): AsyncGenerator<App, void, undefined> {
    return this.#all('/apps', AppPage, query);
  }
  /** Safe to repeat with the same key. */
  create(creation: AppCreationInput, idempotencyKey: string): Promise<App> {
    return this.#call('POST', '/apps', App, creation, idempotencyKey);
  }
  async remove(name: string): Promise<void> {
    await this.client.transport.run('DELETE', `${base}/apps/${part(name)}`, { signal: this.#signal });
  }
  clear(name: string): Promise<App> {
    return this.#call('POST', `/apps/${part(name)}/clear`, App, {});
  }
  release(
    name: string,
    active: number,
    canary: { readonly version: number; readonly share: number } | null,
  ): Promise<App> {
    return this.#call('PUT', `/apps/${part(name)}/release`, App, { active, canary });
  }
  async versions(name: string): Promise<readonly AppVersion[]> {
    return (await this.#call('GET', `/apps/${part(name)}/versions?limit=20`, AppVersionPage)).items;
  }
  addVersion(name: string, version: unknown): Promise<AppVersion> {
    return this.#call('POST', `/apps/${part(name)}/versions`, AppVersion, version);
  }
  readPixelman(config: string): Promise<PixelmanImported> {
    return this.#call('POST', '/import/pixelman', PixelmanImported, { config });
  }
  ticket(request: TicketRequestInput): Promise<TicketAnswer> {
    return this.#call('POST', '/tickets', TicketAnswer, request);
  }
  counts(): Promise<StreamCountsAnswer> {
    return this.#call('GET', '/counts', StreamCountsAnswer);
  }
  instances(query: Query): AsyncGenerator<Instance, void, undefined> {
    return this.#all('/instances', InstancePage, query);
  }
  sessions(query: Query): AsyncGenerator<Session, void, undefined> {
    return this.#all('/sessions', SessionPage, query);
  }
  session(id: string): Promise<SessionDetail> {
    return this.#call('GET', `/sessions/${part(id)}`, SessionDetail);
  }
  endSession(id: string): Promise<SessionDetail> {
    return this.#call('POST', `/sessions/${part(id)}/end`, SessionDetail, {});
  }
  kick(id: string, playerId: string): Promise<SessionDetail> {
    return this.#call('POST', `/sessions/${part(id)}/players/${part(playerId)}/kick`, SessionDetail, {});
  }

  /** Newest first, page by page. */
  async *#all<Item>(
    path: string,
    page: z.ZodType<{ items: Item[]; next?: string | undefined }>,
    query: Query,
  ): AsyncGenerator<Item, void, undefined> {
    let cursor: string | undefined;
    do {
      const options = { query: { ...query, cursor, limit: 100 }, signal: this.#signal };
      const answer = await this.client.transport.call('GET', `${base}${path}`, page, options);
      yield* answer.items;
      cursor = answer.next;
    } while (cursor !== undefined);
  }
}

/** The first so many. */
export async function take<Item>(items: AsyncIterable<Item>, limit: number): Promise<Item[]> {
  const taken: Item[] = [];
  for await (const item of items) {
    if (taken.length >= limit) break;
    taken.push(item);
  }
  return taken;
}

/** A file that the command line names. @throws UsageError when it can't be read */
export async function readNamedFile(context: CommandContext, path: string): Promise<string> {
  try {
    return await readFile(resolve(context.cwd, path), 'utf8');
  } catch {
    throw new UsageError(context.say(words.noFile, { path }));
  }
}

/** The same, as JSON. @throws UsageError */
export async function readJson(context: CommandContext, path: string): Promise<Record<string, unknown>> {
  const text = await readNamedFile(context, path);
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    throw new UsageError(context.say(words.noJson, { path }));
  }
}
