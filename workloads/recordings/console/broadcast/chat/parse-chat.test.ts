import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatLine } from '../../../contract/chat.ts';
import { type Chat, type ChatLimits, ChatParser, chatLimits } from './parse-chat.ts';

const line = (ms: number, text = 'hello'): ChatLine => ({ ms, kind: 'message', user: 'mara', text });
const written = (lines: readonly unknown[]) => lines.map((one) => `${JSON.stringify(one)}\n`).join('');

function parse(text: string, limits: Partial<ChatLimits> = {}, pieces = 7): Chat {
  const parser = new ChatParser({ ...chatLimits, ...limits });
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += pieces) {
    if (!parser.push(bytes.subarray(at, at + pieces))) break;
  }
  return parser.end();
}

const three = [line(0), line(40, '晚上好'), line(90, '🎬')];

describe('a film’s chat', () => {
  it.each<[string, string, Partial<ChatLimits>, Chat]>([
    ['is read line by line', written(three), {}, { lines: three, bad: 0, cut: false }],
    ['may end without a line end', written(three).trimEnd(), {}, { lines: three, bad: 0, cut: false }],
    [
      'may have line ends of Windows and empty lines',
      written(three).replaceAll('\n', '\r\n\r\n'),
      {},
      { lines: three, bad: 0, cut: false },
    ],
    ['may be empty', '', {}, { lines: [], bad: 0, cut: false }],
    [
      'goes on after lines that are none',
      `{"ms":1\n[]\nnull\n${written([{ ...line(3), kind: 'dance' }, { ...line(3), ms: -1 }, line(5)])}`,
      {},
      { lines: [line(5)], bad: 5, cut: false },
    ],
    [
      'is put in order where it is not',
      written([line(40), line(0, 'a'), line(0, 'b')]),
      {},
      { lines: [line(0, 'a'), line(0, 'b'), line(40)], bad: 0, cut: false },
    ],
    [
      'is cut at a number of lines',
      written(three),
      { lines: 2 },
      { lines: three.slice(0, 2), bad: 0, cut: true },
    ],
    ['is whole at exactly that number', written(three), { lines: 3 }, { lines: three, bad: 0, cut: false }],
    [
      'is cut at a number of bytes, and the half line there is no bad one',
      written(three),
      { bytes: 80 },
      { lines: three.slice(0, 1), bad: 0, cut: true },
    ],
    [
      'is whole at exactly that number of bytes',
      written(three),
      { bytes: new TextEncoder().encode(written(three)).length },
      { lines: three, bad: 0, cut: false },
    ],
    [
      'leaves a line without end out, and keeps what comes after it',
      `${written([line(0)])}${'x'.repeat(5_000)}\n${written([line(9)])}`,
      { line: 1_000 },
      { lines: [line(0), line(9)], bad: 1, cut: false },
    ],
  ])('%s', (_what, text, limits, wanted) => {
    expect(parse(text, limits)).toEqual(wanted);
  });

  it('is the same however its bytes are cut', () => {
    const text = written(three);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (pieces) => {
        expect(parse(text, {}, pieces).lines).toEqual(three);
      }),
    );
  });
});
