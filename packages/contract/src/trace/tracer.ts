/** What may be noted about a span. Undefined is left out. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * What a span is, seen from this process: `server` answers somebody, `client` asks somebody, `internal` neither. Viewers
 * of traces draw the borders between processes by it.
 */
export type SpanKind = 'internal' | 'server' | 'client';

export interface SpanOptions {
  readonly kind?: SpanKind;
  /** The traceparent that came with the request. Left out: the span in which the caller runs, if any. */
  readonly parent?: string | undefined;
  readonly attributes?: SpanAttributes;
}

/** A piece of work that is being timed. */
export interface Span {
  /** To be handed on with whatever this work asks of others; undefined when nothing is recorded. */
  readonly traceparent: string | undefined;
  set(attributes: SpanAttributes): void;
}

/** A span whose end its owner tells: for work that is no single function, as a request with hooks. */
export interface OpenSpan extends Span {
  /** What runs in here, and what it awaits, is part of the span. */
  run<T>(work: () => T): T;
  /** Once; later calls do nothing. With an error, the span has failed. */
  end(error?: unknown): void;
}

/**
 * Records how a request travels through the processes of the installation. A port: by default nothing is recorded and
 * nothing is loaded; `@backlot/tracing` stands behind it where an address for traces is configured.
 *
 * Nothing about tracing may ever fail or delay the work that is traced.
 */
export interface Tracer {
  /** False: every call does nothing but run the work. */
  readonly enabled: boolean;
  /** Runs the work as a span, which ends with it, and has failed when it throws. */
  span<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T>;
  open(name: string, options: SpanOptions): OpenSpan;
  /** The traceparent of the span in which the caller runs. */
  current(): string | undefined;
  /** Sends what is left, for at most a few seconds. */
  close(): Promise<void>;
}

const nothing: OpenSpan = {
  traceparent: undefined,
  set: () => undefined,
  run: (work) => work(),
  end: () => undefined,
};

/** Records nothing. */
export const noTracer: Tracer = {
  enabled: false,
  span: (_name, _options, work) => work(nothing),
  open: () => nothing,
  current: () => undefined,
  close: async () => undefined,
};
