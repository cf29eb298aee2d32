import type { ServerResponse } from 'node:http';
import type { Clock, Event } from '@backlot/contract';
import type { Db } from '../db/schema.ts';
import type { EventHub, EventListener } from './event-hub.ts';
import type { LiveMessage } from './event-log.ts';
import { type EventFilter, eventsBetween, passes } from './event-query.ts';
import { seesAnything, type Visibility } from './visibility.ts';

/** A proxy must see something move, and a reader must notice that the path is dead. */
export const heartbeatMs = 15_000;
/** What may wait in our memory for one slow reader. */
export const mostBuffered = 1024 * 1024;
/** How long a reader of old events may take for one piece of them. */
const drainMs = 30_000;
const replayPage = 500;

export interface StreamOptions {
  readonly hub: EventHub;
  readonly db: Db;
  readonly clock: Clock;
  readonly filter: EventFilter;
  readonly live: boolean;
  /** Number after which to begin; undefined for what happens from now on. */
  readonly after: number | undefined;
  /** Asked at the start and at every heartbeat: rights may have changed. Undefined: no right any more. */
  readonly visibility: () => Promise<Visibility | undefined>;
  readonly onEnd: (reason: EndReason) => void;
}

/** Why a stream ended: the reader left, it was too slow, it lost its rights, we close, or something failed. */
export type EndReason = 'left' | 'slow' | 'revoked' | 'closing' | 'failed';

/**
 * One reader's server-sent events (HTML standard §9.2): first what it missed, from the database, then what
 * happens, from the hub. Nothing is kept for a reader that does not read: it is told why and let go, and comes
 * back with `Last-Event-ID`.
 */
export class EventStream implements EventListener {
  readonly #response: ServerResponse;
  readonly #options: StreamOptions;
  #visibility: Visibility | undefined;
  #unlisten: (() => void) | undefined;
  #cancelHeartbeat: (() => void) | undefined;
  #ended = false;

  constructor(response: ServerResponse, options: StreamOptions) {
    this.#response = response;
    this.#options = options;
    response.once('close', () => this.#finish('left'));
    // A reset of the peer is its way of leaving.
    response.on('error', () => this.#finish('left'));
  }

  /** Begins to send. Resolves once the stream has caught up and listens. */
  async start(): Promise<void> {
    const { hub, visibility, after } = this.#options;
    try {
      this.#visibility = await visibility();
      if (!this.#visibility || !seesAnything(this.#visibility)) return this.#finish('revoked');
      this.#beat();
      let cursor = after === undefined ? hub.position : Math.min(after, hub.position);
      this.#write(`retry: 1000\nid: ${cursor}\nevent: ready\ndata: {"seq":${cursor}}\n\n`);
      while (!this.#ended && cursor < hub.position) cursor = await this.#replay(cursor, hub.position);
      // No await between the last look at the position and this: nothing can pass in between.
      if (!this.#ended) this.#unlisten = hub.listen(this);
    } catch {
      this.#finish('failed');
    }
  }

  events(events: readonly Event[]): void {
    const { filter } = this.#options;
    const visibility = this.#visibility;
    if (!visibility) return;
    const frames = events.filter((event) => passes(filter, visibility, event)).map(frame);
    if (frames.length > 0) this.#write(frames.join(''));
  }

  live({ update, projectId }: LiveMessage): void {
    const { filter, live } = this.#options;
    if (!live || !this.#visibility || !passes(filter, this.#visibility, { ...update, projectId })) return;
    this.#write(`event: live\ndata: ${JSON.stringify(update)}\n\n`);
  }

  /** The server closes. */
  end(): void {
    this.#finish('closing');
  }

  /** Sends stored events up to `until`. Returns how far it came. */
  async #replay(cursor: number, until: number): Promise<number> {
    const { db, filter } = this.#options;
    if (!this.#visibility) return until;
    const events = await eventsBetween(db, cursor, until, filter, this.#visibility, replayPage);
    if (events.length > 0) this.#write(events.map(frame).join(''));
    await this.#drained();
    return events.length < replayPage ? until : (events.at(-1)?.seq ?? until);
  }

  /** Waits until the reader has taken what was sent, so that a long replay is paced by its reader. */
  async #drained(): Promise<void> {
    const response = this.#response;
    if (this.#ended || !response.writableNeedDrain) return;
    let cancel = () => {};
    await new Promise<void>((resolve) => {
      response.once('drain', resolve);
      response.once('close', resolve);
      cancel = this.#options.clock.after(drainMs, () => {
        this.#finish('slow');
        resolve();
      });
    });
    cancel();
  }

  #beat(): void {
    this.#cancelHeartbeat = this.#options.clock.after(heartbeatMs, () => {
      void this.#onHeartbeat();
    });
  }

  async #onHeartbeat(): Promise<void> {
    try {
      const visibility = await this.#options.visibility();
      if (!visibility || !seesAnything(visibility)) return this.#finish('revoked');
      this.#visibility = visibility;
    } catch {
      // The database is away: rights are as they were when it was last asked, and it has nothing new to tell.
    }
    if (this.#ended) return;
    // While it still catches up, an id from here would skip what it has not been sent.
    this.#write(this.#unlisten ? `id: ${this.#options.hub.position}\n: heartbeat\n\n` : ': heartbeat\n\n');
    this.#beat();
  }

  #write(text: string): void {
    if (this.#ended) return;
    this.#response.write(text);
    if (this.#unlisten && this.#response.writableLength > mostBuffered) this.#finish('slow');
  }

  #finish(why: EndReason): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unlisten?.();
    this.#cancelHeartbeat?.();
    this.#options.onEnd(why);
    if (why === 'left') return;
    const response = this.#response;
    response.end(`event: end\ndata: ${JSON.stringify({ reason: why })}\n\n`);
    // A reader that takes nothing would keep the connection for ever.
    if (why === 'slow') this.#options.clock.after(1_000, () => response.destroy());
  }
}

function frame(event: Event): string {
  return `id: ${event.seq}\nevent: event\ndata: ${JSON.stringify(event)}\n\n`;
}
