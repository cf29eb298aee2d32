import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** The metrics of the rooms that this file's owner keeps; other rooms register theirs in the same registry. */
export interface Metrics {
  readonly registry: Registry;
  /** Seconds from the first byte of a request to the last of its answer, by route template and status class. */
  readonly httpDuration: Histogram<'method' | 'route' | 'status'>;
  readonly httpInFlight: Gauge;
  readonly httpErrors: Counter<'code'>;
  readonly streams: Gauge;
  readonly streamsDropped: Counter<'reason'>;
  readonly eventsRead: Counter;
  readonly reactions: Counter<'name' | 'outcome'>;
  readonly webhookAttempts: Counter<'outcome'>;
  readonly webhookDuration: Histogram;
  readonly signIns: Counter<'outcome'>;
  close(): void;
}

/** A registry with the process's own metrics. Each control plane has one, so that tests can run several. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    httpDuration: new Histogram({
      name: 'backlot_http_request_duration_seconds',
      help: 'Time to answer HTTP requests, by method, route template and status.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
    httpInFlight: new Gauge({
      name: 'backlot_http_requests_in_flight',
      help: 'HTTP requests being answered now.',
      registers,
    }),
    httpErrors: new Counter({
      name: 'backlot_http_errors_total',
      help: 'Error answers, by code of the error catalogue.',
      labelNames: ['code'],
      registers,
    }),
    streams: new Gauge({
      name: 'backlot_event_streams',
      help: 'Open server-sent event streams.',
      registers,
    }),
    streamsDropped: new Counter({
      name: 'backlot_event_streams_dropped_total',
      help: 'Event streams that we ended, by reason.',
      labelNames: ['reason'],
      registers,
    }),
    eventsRead: new Counter({
      name: 'backlot_events_read_total',
      help: 'Events read from the log for live streams.',
      registers,
    }),
    reactions: new Counter({
      name: 'backlot_event_reactions_total',
      help: 'Reactions of workloads to events, by name and outcome.',
      labelNames: ['name', 'outcome'],
      registers,
    }),
    webhookAttempts: new Counter({
      name: 'backlot_webhook_attempts_total',
      help: 'Attempts to deliver a webhook, by outcome.',
      labelNames: ['outcome'],
      registers,
    }),
    webhookDuration: new Histogram({
      name: 'backlot_webhook_duration_seconds',
      help: 'Time until a webhook receiver answered.',
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 15],
      registers,
    }),
    signIns: new Counter({
      name: 'backlot_sign_ins_total',
      help: 'Attempts to sign in, by outcome.',
      labelNames: ['outcome'],
      registers,
    }),
    close: () => registry.clear(),
  };
}
