import { Page } from '@backlot/contract/api/common';
import { Event, type EventQuery } from '@backlot/contract/api/events';
import { type StreamItem, type StreamOptions, streamEvents } from '../events.ts';
import { type QueryOf, Resource } from '../resource.ts';

/** What happened: stored facts, and the live stream of them. */
export class EventsApi extends Resource {
  /** Newest first; with `after`, oldest first from there. */
  list(query: QueryOf<typeof EventQuery> = {}, signal?: AbortSignal): AsyncGenerator<Event, void, undefined> {
    return this.every('/api/v1/events', Page(Event), query, signal);
  }

  /** The live stream, connected again after every break, without a gap where the server can replay. */
  stream(options: StreamOptions = {}): AsyncGenerator<StreamItem, void, undefined> {
    return streamEvents(this.transport, options);
  }
}
