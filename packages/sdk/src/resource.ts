import type { Page } from '@backlot/contract/api/common';
import type { z } from 'zod';
import { everyItem, type PageOf } from './paging.ts';
import type { CallOptions, Transport } from './transport.ts';

/** A query as a schema of the contract describes it. All of it may be left out; the server has the defaults. */
export type QueryOf<Schema extends z.ZodObject> = {
  readonly [Key in keyof z.output<Schema>]?: z.output<Schema>[Key] | undefined;
};

/** What the resources of the API have in common: reading pages, and ids that become part of an address. */
export abstract class Resource {
  protected readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  /** Every item of a list route, page by page, as far as the reader reads. */
  protected every<Item extends z.ZodType>(
    path: string,
    page: ReturnType<typeof Page<Item>>,
    query: CallOptions['query'],
    signal?: AbortSignal,
  ): AsyncGenerator<z.output<Item>, void, undefined> {
    return everyItem(async (cursor): Promise<PageOf<z.output<Item>>> => {
      const answer = await this.transport.call('GET', path, page, {
        query: { ...query, ...(cursor === undefined ? {} : { cursor }) },
        ...withSignal(signal),
      });
      return answer;
    });
  }
}

/** An optional signal as part of the options of a call. */
export function withSignal(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

/** An id as one segment of a path, whatever it contains. */
export function segment(id: string): string {
  return encodeURIComponent(id);
}
