import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPageMessage, readStreamerMessage, writePageMessage, writeStreamerMessage } from './messages.ts';
import { type ToStreamer, toStreamer } from './protocol.ts';

const names = Object.keys(toStreamer) as ToStreamer[];
const plain = names.filter((name) => !name.startsWith('Touch'));
const fieldValue = {
  uint8: fc.integer({ min: 0, max: 255 }),
  uint16: fc.integer({ min: 0, max: 65_535 }),
  int16: fc.integer({ min: -32_768, max: 32_767 }),
  double: fc.double({ noNaN: true }),
  string: fc.string({ unit: 'binary', maxLength: 200 }),
} as const;

describe('messages on the data channel', () => {
  it('come back as they were written, whatever they hold', () => {
    const message = fc
      .constantFrom(...plain)
      .chain((type) =>
        fc.tuple(
          fc.constant(type),
          fc.tuple(...toStreamer[type].structure.map((field) => fieldValue[field])),
        ),
      );
    fc.assert(
      fc.property(message, ([type, values]) => {
        expect(readPageMessage(writePageMessage(type, values))).toEqual({ type, values });
      }),
    );
  });

  it.each([
    ['UIInteraction', ['{"a":1}'], [50, 7, 0, 0x7b, 0, 0x22, 0, 0x61, 0, 0x22, 0, 0x3a, 0, 0x31, 0, 0x7d, 0]],
    ['KeyDown', [65, 1], [60, 65, 1]],
    ['MouseMove', [256, 2, -1, 3], [74, 0, 1, 2, 0, 255, 255, 3, 0]],
    ['RequestInitialSettings', [], [7]],
  ] as const)('%s is written byte for byte as Epic’s page writes it', (type, values, bytes) => {
    expect([...writePageMessage(type, values)]).toEqual(bytes);
  });

  it('reads all touches of a message', () => {
    const bytes = Buffer.from([80, 2, 1, 0, 2, 0, 0, 255, 1, 3, 0, 4, 0, 1, 255, 1]);
    expect(readPageMessage(bytes)?.touches).toEqual([
      { x: 1, y: 2, index: 0 },
      { x: 3, y: 4, index: 1 },
    ]);
  });

  it('reads nothing from bytes that are no message, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const read = readPageMessage(bytes);
        if (read) expect(names).toContain(read.type);
      }),
      { numRuns: 1_000 },
    );
    expect(readPageMessage(new Uint8Array())).toBeUndefined();
    expect(readPageMessage(Buffer.from([50, 255, 255, 1]))).toBeUndefined();
  });

  it('carries texts and flags from the streamer', () => {
    expect(readStreamerMessage(writeStreamerMessage('Response', '好 "quoted"'))).toMatchObject({
      type: 'Response',
      text: '好 "quoted"',
    });
    expect(readStreamerMessage(writeStreamerMessage('InputControlOwnership', true))?.flag).toBe(true);
    expect(readStreamerMessage(Buffer.from([99]))).toBeUndefined();
  });
});
