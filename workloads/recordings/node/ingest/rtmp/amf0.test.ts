import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AmfValue, readAmf, writeAmf } from './amf0.ts';
import { ProtocolError } from './protocol-error.ts';

const value: fc.Arbitrary<AmfValue> = fc.letrec<{ value: AmfValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.string(),
    fc.constant(null),
    fc.constant(undefined),
    fc.dictionary(fc.string({ minLength: 1 }), tie('value')),
  ),
})).value;

describe('AMF0', () => {
  it('reads what it writes', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 6 }), (values) => {
        expect(writeAmf(...readAmf(writeAmf(...values)))).toEqual(writeAmf(...values));
      }),
    );
  });

  it('answers any bytes with values or a ProtocolError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        try {
          readAmf(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('stops at a claimed length that nobody means, and at depth', () => {
    expect(() => readAmf(Buffer.from([10, 255, 255, 255, 255, ...Array(9_000).fill(5)]))).toThrow(
      ProtocolError,
    );
    const deep = Buffer.concat(Array.from({ length: 40 }, () => Buffer.from([3, 0, 1, 97])));
    expect(() => readAmf(deep)).toThrow(ProtocolError);
  });

  it('takes __proto__ for a name and nothing else', () => {
    const bytes = Buffer.concat([
      Buffer.from([3, 0, 9]),
      Buffer.from('__proto__'),
      Buffer.from([3, 0, 1, 97, 5, 0, 0, 9, 0, 0, 9]),
    ]);
    const [object] = readAmf(bytes);
    expect(Object.keys(object as object)).toEqual(['__proto__']);
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });
});
