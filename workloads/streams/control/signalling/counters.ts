import { Counter, Gauge, type Registry } from 'prom-client';

/** What signalling counts, as plain numbers: a message must not cost a look-up of labels. */
export class SignallingCounters {
  players = 0;
  streamers = 0;
  toStreamer = 0;
  toPlayer = 0;
  /** Messages that named nobody who could take them, or of a type that isn't passed on. */
  dropped = 0;
  /** Peers that were gone without a word. */
  silent = 0;
  readonly refused = new Map<string, number>();

  refuse(code: string): void {
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
  }

  /** Shows the numbers as metrics, read only when somebody asks for them. */
  expose(registry: Registry): void {
    const sockets = new Gauge({
      name: 'backlot_streams_signalling_sockets',
      help: 'Open signalling sockets',
      labelNames: ['side'],
      registers: [registry],
      collect: () => {
        sockets.set({ side: 'player' }, this.players);
        sockets.set({ side: 'streamer' }, this.streamers);
      },
    });
    const messages = new Counter({
      name: 'backlot_streams_signalling_messages_total',
      help: 'Messages handed on, and those that were dropped',
      labelNames: ['to'],
      registers: [registry],
      collect: () => {
        messages.reset();
        messages.inc({ to: 'streamer' }, this.toStreamer);
        messages.inc({ to: 'player' }, this.toPlayer);
        messages.inc({ to: 'nobody' }, this.dropped);
      },
    });
    const silent = new Counter({
      name: 'backlot_streams_signalling_silent_total',
      help: 'Sockets ended because the other end was gone without a word',
      registers: [registry],
      collect: () => {
        silent.reset();
        silent.inc(this.silent);
      },
    });
    const refused = new Counter({
      name: 'backlot_streams_signalling_refused_total',
      help: 'Sockets and requests that were refused, by reason',
      labelNames: ['code'],
      registers: [registry],
      collect: () => {
        refused.reset();
        for (const [code, count] of this.refused) refused.inc({ code }, count);
      },
    });
  }
}
