import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readTraceparent, Traceparent, writeTraceparent } from './traceparent.ts';

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const span = '00f067aa0ba902b7';

describe('a traceparent', () => {
  it.each([
    [`00-${trace}-${span}-01`, true],
    [`00-${trace}-${span}-00`, false],
    [`00-${trace}-${span}-03`, true],
  ])('%s is read', (text, sampled) => {
    expect(readTraceparent(text)).toEqual({ traceId: trace, spanId: span, sampled });
  });

  it.each([
    undefined,
    null,
    7,
    {},
    '',
    `01-${trace}-${span}-01`,
    `00-${trace.toUpperCase()}-${span}-01`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `00-${trace}-${span}-01-more`,
    `00-${trace}-${span}`,
  ])('%j is as if there were none', (text) => {
    expect(readTraceparent(text)).toBeUndefined();
    expect(z.object({ traceparent: Traceparent }).parse({ traceparent: text }).traceparent).toBeUndefined();
  });

  it('survives being written and read', () => {
    const hex = (digits: number) =>
      fc.bigInt(1n, 16n ** BigInt(digits) - 1n).map((value) => value.toString(16).padStart(digits, '0'));
    fc.assert(
      fc.property(hex(32), hex(16), fc.boolean(), (traceId, spanId, sampled) => {
        const context = { traceId, spanId, sampled };
        expect(readTraceparent(writeTraceparent(context))).toEqual(context);
      }),
    );
  });
});
