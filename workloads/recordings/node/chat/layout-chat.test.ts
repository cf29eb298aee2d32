import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatLine } from '../../contract/chat.ts';
import { assSubtitles, assTime, escapeAss } from './ass-subtitles.ts';
import { type ChatLayout, layoutChat, type PlacedLine } from './layout-chat.ts';

const said = (ms: number, text: string, more: Partial<ChatLine> = {}): ChatLine => ({
  ...{ ms, kind: 'message', user: 'u', text },
  ...more,
});
const picture = { width: 1280, height: 720 };
const textOf = (layout: ChatLayout) => [...assSubtitles(layout)].join('');
/** Events of a subtitle file, as a reader of ASS splits them. */
const eventsOf = (layout: ChatLayout) =>
  textOf(layout)
    .split('\n')
    .filter((line) => line.startsWith('Dialogue:'))
    .map((line) => line.split(',').slice(9).join(','));

const chat = fc
  .array(
    fc.record({
      ms: fc.nat(20_000),
      text: fc.oneof(
        fc.string({ minLength: 1, maxLength: 120 }),
        fc.constantFrom('草', '弹幕'.repeat(30), 'W'),
      ),
      kind: fc.constantFrom('message' as const, 'message' as const, 'paid' as const, 'gift' as const),
      place: fc.constantFrom(undefined, undefined, undefined, 'top' as const, 'bottom' as const),
      price: fc.constantFrom(undefined, 1, 30, 2_000),
    }),
    { maxLength: 120 },
  )
  .map((lines) =>
    lines
      .toSorted((a, b) => a.ms - b.ms)
      .map(({ ms, text, kind, place, price }) =>
        said(ms, text, { kind, ...(place ? { place } : {}), ...(price ? { price } : {}) }),
      ),
  );
const pictures = fc.constantFrom(picture, { width: 160, height: 90 }, { width: 720, height: 1280 });
const areas = fc.constantFrom('quarter' as const, 'half' as const, 'whole' as const);

/** Left and right border of a message at a time, by its own words in the file: where it begins, where it is gone. */
function bordersAt({ startMs, endMs, width, flies }: PlacedLine, ms: number, pictureWidth: number) {
  if (!flies) return [0, pictureWidth] as const;
  const share = (ms - startMs) / (endMs - startMs);
  const left = pictureWidth + (-width - pictureWidth) * share;
  return [left, left + width] as const;
}

describe('messages over a picture', () => {
  it('of one lane never touch, at any time', () => {
    fc.assert(
      fc.property(chat, pictures, areas, (lines, size, area) => {
        const { placed, look } = layoutChat(lines, size, area);
        for (const [index, one] of placed.entries()) {
          for (const other of placed.slice(index + 1)) {
            const from = Math.max(one.startMs, other.startMs);
            const to = Math.min(one.endMs, other.endMs);
            if (one.lane !== other.lane || from >= to) continue;
            expect(one.flies && other.flies).toBe(true);
            for (let step = 0; step <= 20; step++) {
              const at = from + ((to - from) * step) / 20;
              const [left, right] = bordersAt(one, at, look.width);
              const [otherLeft, otherRight] = bordersAt(other, at, look.width);
              expect(right <= otherLeft || otherRight <= left).toBe(true);
            }
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('stay in the part of the picture that they may cover, and each is drawn or counted', () => {
    const shares = { quarter: 0.25, half: 0.5, whole: 1 };
    fc.assert(
      fc.property(chat, pictures, areas, (lines, size, area) => {
        const layout = layoutChat(lines, size, area);
        const { look, placed, notDrawn } = layout;
        expect(look.lanes === 1 || look.lanes * look.laneHeight <= size.height * shares[area]).toBe(true);
        for (const { lane } of placed) expect(lane).toBeLessThan(look.lanes);
        expect(placed.length + notDrawn).toBe(lines.filter(({ kind }) => kind !== 'gift').length);
        expect(textOf(layoutChat(lines, size, area))).toBe(textOf(layout));
      }),
    );
  });

  it('are left out where there is no room, and gifts and members are not drawn', () => {
    const many = Array.from({ length: 50 }, (_, n) => said(1_000, `message ${n}`));
    const { placed, notDrawn, look } = layoutChat(many, picture, 'half');
    expect(placed).toHaveLength(look.lanes);
    expect(notDrawn).toBe(50 - look.lanes);
    const others = [said(0, 'x', { kind: 'gift' }), said(0, 'x', { kind: 'member' })];
    expect(layoutChat(others, picture, 'half')).toMatchObject({ placed: [], notDrawn: 0 });
  });

  it('that were paid for are seen where so many write that no lane is ever empty', () => {
    const many = Array.from({ length: 400 }, (_, n) => said(n * 50, `message ${n}`));
    const paid = said(10_000, 'thanks', { kind: 'paid', price: 30 });
    const { placed, notDrawn } = layoutChat(
      [...many.slice(0, 200), paid, ...many.slice(200)],
      picture,
      'half',
    );
    expect(notDrawn).toBeGreaterThan(200);
    expect(placed.filter(({ kind }) => kind === 'paid')).toMatchObject([{ lane: 0, startMs: 10_000 }]);
  });

  it('stand at the top or the lowest lane where their writer wanted it, and longer where they were paid for', () => {
    const { placed, look } = layoutChat(
      [
        said(0, 'top', { place: 'top' }),
        said(0, 'bottom', { place: 'bottom' }),
        said(0, 'thanks', { kind: 'paid', price: 50 }),
      ],
      picture,
      'half',
    );
    expect(placed.map(({ lane, endMs, flies }) => [lane, endMs, flies])).toEqual([
      [0, 4_000, false],
      [look.lanes - 1, 4_000, false],
      [1, 15_000, false],
    ]);
    expect(placed[2]?.text).toBe('¥50 u: thanks');
  });
});

describe('subtitles of strangers’ words', () => {
  it.each([
    ['{\\an5\\fs500}BIG', '｛＼an5＼fs500｝BIG'],
    ['a\\Nb\\nc\\hd', 'a＼Nb＼nc＼hd'],
    ['{\\p1}m 0 0 l 9 9{\\p0}', '｛＼p1｝m 0 0 l 9 9｛＼p0｝'],
    [
      'x\r\nDialogue: 0,0:00:00.00,9:00:00.00,paid,,0,0,0,,owned',
      'x Dialogue: 0,0:00:00.00,9:00:00.00,paid,,0,0,0,,owned',
    ],
    ['{', '｛'],
    ['a, b, c', 'a, b, c'],
  ])('%j is text', (text, escaped) => expect(escapeAss(text)).toBe(escaped));

  it('have one event for each message, with one block of ours and no instruction of theirs', () => {
    const unit = fc.constantFrom('{', '}', '\\', 'N', '\n', '\r', ',', 'Dialogue: ', 'p1', '草', ' ', '&H');
    const hostile = fc.array(unit, { minLength: 1, maxLength: 12 }).map((units) => units.join(''));
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 8 }), (texts) => {
        const lines = texts.map((text, index) => said(index * 20_000, text, { color: 0x123456 }));
        const layout = layoutChat(lines, picture, 'whole');
        const events = eventsOf(layout);
        expect(events).toHaveLength(layout.placed.length);
        for (const event of events) {
          expect(event).toMatch(/^\{\\move\([-\d,]+\)\\c&H563412&\\3c&HFFFFFF&\}[^{}\\\r\n]*$/);
        }
      }),
    );
  });

  it('have the size of the picture, and times to the hundredth', () => {
    const layout = layoutChat([said(3_723_456, 'hi')], picture, 'half');
    expect(textOf(layout)).toContain('PlayResX: 1280\nPlayResY: 720\n');
    expect(textOf(layout)).toContain('Dialogue: 0,1:02:03.46,');
    expect([assTime(0), assTime(59_990), assTime(36_000_000)]).toEqual([
      '0:00:00.00',
      '0:00:59.99',
      '10:00:00.00',
    ]);
  });
});
