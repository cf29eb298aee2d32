import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EventStreamParser } from './event-stream.ts';

function read(pieces: readonly string[]) {
  const parser = new EventStreamParser();
  return { messages: pieces.flatMap((piece) => parser.feed(piece)), parser };
}

it('reads the example of the HTML standard', () => {
  const { messages } = read([
    ': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n',
  ]);
  expect(messages).toEqual([
    { id: '1', event: 'message', data: 'first event' },
    { id: '', event: 'message', data: 'second event' },
    { id: '', event: 'message', data: ' third event' },
  ]);
});

it('joins lines of data, keeps the last id, and takes the pause that the server asks for', () => {
  const { messages, parser } = read([
    'id: 7\nevent: event\ndata: a\ndata: b\n\nretry: 1500\nevent: live\ndata: c\n\nretry: x\n',
  ]);
  expect(messages).toEqual([
    { id: '7', event: 'event', data: 'a\nb' },
    { id: '7', event: 'live', data: 'c' },
  ]);
  expect(parser.retryMs).toBe(1500);
});

it('says nothing of an event that was cut off', () => {
  expect(read(['data: whole\n\n', 'data: torn\n']).messages).toHaveLength(1);
});

it('reads the same however the stream is cut, with every line ending', () => {
  const stream = fc
    .array(
      fc.record({
        id: fc.stringMatching(/^[0-9]{0,5}$/),
        data: fc.array(fc.stringMatching(/^[a-z中\u{1f3ac}: ]{0,8}$/u), { minLength: 1, maxLength: 3 }),
        end: fc.constantFrom('\n', '\r', '\r\n'),
      }),
      { maxLength: 6 },
    )
    .map((events) =>
      events
        .map(({ id, data, end }) => [`id: ${id}`, ...data.map((line) => `data: ${line}`), '', ''].join(end))
        .join(''),
    );
  fc.assert(
    fc.property(stream, fc.array(fc.nat(200), { maxLength: 12 }), (text, cuts) => {
      const at = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
      const pieces = at.slice(1).map((end, index) => text.slice(at[index], end));
      expect(read(pieces).messages).toEqual(read([text]).messages);
    }),
    { numRuns: 500 },
  );
});
