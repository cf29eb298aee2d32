import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { readTraceparent, writeTraceparent } from '@backlot/contract/trace/traceparent';
import type { OpenSpan, Span, SpanAttributes, SpanOptions, Tracer } from '@backlot/contract/trace/tracer';
import {
  type Attributes,
  type Context,
  SpanKind as OtelKind,
  type Span as OtelSpan,
  type Tracer as OtelTracer,
  ROOT_CONTEXT,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';

export interface OtlpTracerOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly service: string;
  readonly version?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Spans wait this long to be sent together, in milliseconds. */
const batchMs = 1_000;
/** A collector that does not answer is given up after this, in milliseconds; its spans are lost, not the work. */
const exportMs = 5_000;
/** Spans kept while the collector is slow; more are dropped. */
const queueSize = 4_096;

const kinds = { internal: OtelKind.INTERNAL, server: OtelKind.SERVER, client: OtelKind.CLIENT } as const;

/**
 * Spans by OpenTelemetry, sent over OTLP/HTTP as JSON, which Jaeger, Tempo and SkyWalking take alike.
 *
 * Nothing is registered globally: a process may hold several (a control plane and an agent in one test), and a library
 * that traces by itself is not switched on by the way. What the caller runs in is kept in an `AsyncLocalStorage` of our own.
 */
export function createOtlpTracer(options: OtlpTracerOptions): Tracer {
  const exporter = new OTLPTraceExporter({
    url: options.url,
    headers: { ...options.headers },
    timeoutMillis: exportMs,
  });
  const provider = new TracerProvider({
    // What a caller did not want recorded is not recorded here either; everything that begins here is.
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    resource: resourceFromAttributes({
      'service.name': options.service,
      'service.namespace': 'backlot',
      ...(options.version === undefined ? {} : { 'service.version': options.version }),
      'process.pid': process.pid,
      ...options.attributes,
    }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        scheduledDelayMillis: batchMs,
        exportTimeoutMillis: exportMs,
        maxQueueSize: queueSize,
        maxExportBatchSize: 512,
      }),
    ],
  });
  return new OtlpTracer(provider.getTracer('backlot', options.version), async () => {
    // The processor waits for the exporter, the exporter for the collector; both have limits, this is the last one.
    const limit = new AbortController();
    const late = wait(exportMs, undefined, { signal: limit.signal, ref: false });
    await Promise.race([provider.shutdown(), late]).catch(() => undefined);
    limit.abort();
    await late.catch(() => undefined);
  });
}

class OtlpTracer implements Tracer {
  readonly enabled = true;
  readonly #tracer: OtelTracer;
  readonly #shutdown: () => Promise<void>;
  readonly #storage = new AsyncLocalStorage<Context>();
  #closing: Promise<void> | undefined;

  constructor(tracer: OtelTracer, shutdown: () => Promise<void>) {
    this.#tracer = tracer;
    this.#shutdown = shutdown;
  }

  async span<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
    const span = this.open(name, options);
    try {
      const result = await span.run(() => work(span));
      span.end();
      return result;
    } catch (error) {
      span.end(error);
      throw error;
    }
  }

  open(name: string, { kind = 'internal', parent, attributes = {} }: SpanOptions): OpenSpan {
    const context = this.#parentOf(parent);
    const span = this.#tracer.startSpan(name, { kind: kinds[kind], attributes: known(attributes) }, context);
    return openSpan(span, (work) => this.#storage.run(trace.setSpan(context, span), work));
  }

  current(): string | undefined {
    const context = this.#storage.getStore();
    const span = context && trace.getSpan(context);
    return span && traceparentOf(span);
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutdown();
    return this.#closing;
  }

  #parentOf(traceparent: string | undefined): Context {
    const remote = readTraceparent(traceparent);
    if (!remote) return this.#storage.getStore() ?? ROOT_CONTEXT;
    const { traceId, spanId, sampled } = remote;
    return trace.setSpanContext(ROOT_CONTEXT, {
      traceId,
      spanId,
      traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
      isRemote: true,
    });
  }
}

function openSpan(span: OtelSpan, run: OpenSpan['run']): OpenSpan {
  let ended = false;
  return {
    traceparent: traceparentOf(span),
    set: (attributes) => void span.setAttributes(known(attributes)),
    run,
    end(error) {
      if (ended) return;
      ended = true;
      if (error !== undefined) {
        const { message, code } = describe(error);
        span.setStatus({ code: SpanStatusCode.ERROR, message });
        if (code !== undefined) span.setAttribute('error.type', code);
      }
      span.end();
    },
  };
}

function traceparentOf(span: OtelSpan): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return writeTraceparent({ traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 });
}

function known(attributes: SpanAttributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

/** An error as a trace shows it: its code, when it has one, and its sentence, but no stack, which may hold paths and values. */
function describe(error: unknown): { message: string; code: string | undefined } {
  const code = (error as { code?: unknown } | null)?.code;
  return {
    message: (error instanceof Error ? error.message : String(error)).slice(0, 500),
    code: typeof code === 'string' ? code : undefined,
  };
}
