import { z } from 'zod';

/** The header, and the name of the field in messages, that carries a trace from one process to the next. */
export const traceparentHeader = 'traceparent';

/** W3C Trace Context, version 00: `00-<trace id, 32 hex>-<parent span id, 16 hex>-<flags, 2 hex>`. */
const form = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Where a piece of work belongs in a trace. */
export interface TraceContext {
  /** 32 hex digits, not all zero. */
  readonly traceId: string;
  /** 16 hex digits, not all zero: the span that this work was caused by. */
  readonly spanId: string;
  /** Whoever began the trace wants it recorded. */
  readonly sampled: boolean;
}

/**
 * Reads a traceparent. Undefined for anything else: by the specification a broken one is as if there were none, and
 * must never fail the request that carries it.
 */
export function readTraceparent(text: unknown): TraceContext | undefined {
  if (typeof text !== 'string') return undefined;
  const [, traceId = '', spanId = '', flags = '00'] = form.exec(text) ?? [];
  if (/^0*$/.test(traceId) || /^0*$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Writes a traceparent. */
export function writeTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** A traceparent inside a message of ours. What is no traceparent is dropped, not refused. */
export const Traceparent = z
  .unknown()
  .transform((value) => (readTraceparent(value) === undefined ? undefined : (value as string)))
  .optional();
