import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChatLine } from '../../contract/chat.ts';
import { BilibiliXml, readBilibiliXml, type SaidLine } from './read-bilibili-xml.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-chat-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const head = `<?xml version="1.0" encoding="utf-8"?>
<?xml-stylesheet type="text/xsl" href="#s"?>
<i><chatserver>chat.bilibili.com</chatserver><BililiveRecorder version="2.6.2" />
<BililiveRecorderRecordInfo roomid="23058" name="n" title="a &quot;title&quot;" start_time="2026-11-27T00:00:00Z" />
<BililiveRecorderXmlStyle><z:stylesheet id="s" xmlns:z="http://www.w3.org/1999/XSL/Transform"><z:template match="/"><d p="1,1,25,1,1,0,1,0" user="sheet">of the sheet</d></z:template></z:stylesheet></BililiveRecorderXmlStyle>
`;

/** What is read of a text that comes in chunks. */
function read(text: string, chunk = text.length): { lines: SaidLine[]; cut: boolean } {
  const lines: SaidLine[] = [];
  const reader = new BilibiliXml((line) => lines.push(line) > 0);
  for (let at = 0; at < text.length; at += chunk) reader.push(text.slice(at, at + chunk));
  return { lines, cut: reader.cut };
}

describe('a file of chat', () => {
  it('has what was said, paid, given and joined, whatever the chunks that it comes in', () => {
    const text = `${head}<d p="1.234,1,25,16777215,1700000000000,0,7,0" user="a &amp; b">你好 &lt;x&gt;</d>
<d p="2,5,25,255,0,0,7,0" user="u">top</d><d p="3,4,25,0,0,0,7,0" user="u">bottom</d><d p="3,7,25,0,0,0,7,0" user="u">[0,1,"program"]</d>
<sc ts="4.5" user="rich" uid="1" price="30" time="60">thanks</sc><gift ts="5" user="g" giftname="辣条" giftcount="3"/>
<guard ts="6" user="m" level="3" count="1" /></i>`;
    const expected = [
      { seconds: 1.234, kind: 'message', user: 'a & b', text: '你好 <x>', color: 0xffffff },
      { seconds: 2, kind: 'message', user: 'u', text: 'top', color: 255, place: 'top' },
      { seconds: 3, kind: 'message', user: 'u', text: 'bottom', color: 0, place: 'bottom' },
      { seconds: 4.5, kind: 'paid', user: 'rich', text: 'thanks', price: 30 },
      { seconds: 5, kind: 'gift', user: 'g', text: '辣条', count: 3 },
      { seconds: 6, kind: 'member', user: 'm', text: '舰长', count: 1 },
    ];
    for (const chunk of [1, 7, 64, text.length]) expect(read(text, chunk).lines).toEqual(expected);
  });

  it('that ends in the middle has all before the tear', async () => {
    const said = (n: number) => `<d p="${n},1,25,1,1,0,1,0" user="u">第${n}条</d>\n`;
    const bytes = Buffer.from(head + said(1) + said(2));
    const body = Buffer.from(head + said(1)).length;
    for (let at = body; at < bytes.length - 1; at++) {
      const path = join(folder, 'torn.xml');
      writeFileSync(path, bytes.subarray(0, at));
      const lines: SaidLine[] = [];
      await readBilibiliXml(path, (line) => lines.push(line) > 0);
      expect(lines.map(({ text }) => text)).toEqual(['第1条']);
    }
  });

  it.each([
    ['no number for a time', '<d p="x,1,25,1" user="u">a</d>'],
    ['a time that is not finite', '<d p="1e999,1,25,1" user="u">a</d><sc ts="Infinity" user="u">a</sc>'],
    ['no attributes', '<d>a</d><sc/><gift/><guard/>'],
    ['no words', '<d p="1,1,25,1" user="u"> \u202e\u0007 </d>'],
    ['a kind that is no words', '<d p="1,8,25,1" user="u">alert()</d><d p="1,,25,1" user="u">a</d>'],
  ])('with %s has no line of it', (_what, xml) => {
    expect(read(`<i>${xml}<d p="9,1,25,1" user="u">good</d></i>`).lines).toMatchObject([{ text: 'good' }]);
  });

  it('keeps a line whose color, price or count is garbage, without them', () => {
    const xml =
      '<i><d p="1,1,25,-5" user="u">a</d><sc ts="2" price="much" user="u">b</sc><gift ts="3" giftname="c" giftcount="1.5"/></i>';
    for (const line of read(xml).lines)
      expect(Object.keys(line).toSorted()).toEqual(['kind', 'seconds', 'text', 'user']);
    expect(read(xml).lines).toHaveLength(3);
  });

  it('shows no word backwards, in two lines, or higher than a line', () => {
    const [line] = read(
      `<i><d p="1,1,25,1" user="\u202eu\u2066x">a&#10;b\u2028c\u0000\u001b[31m\ufeff e${'\u0301'.repeat(99)}</d></i>`,
    ).lines;
    expect(line?.user).toBe('ux');
    expect(line?.text).toBe('a b c[31m e\u0301\u0301\u0301');
  });

  it('reads no entity that it declares itself, and nothing from elsewhere', () => {
    const xml = `<!DOCTYPE i [<!ENTITY a SYSTEM "file:///etc/passwd"><!ENTITY b "boom">]><i><d p="1,1,25,1" user="u">&a;&b;</d></i>`;
    expect(read(xml).lines).toMatchObject([{ text: '&a;&b;' }]);
  });

  it.each([
    ['deep', '<d>'.repeat(100_000)],
    ['full of attributes', `<d ${Array.from({ length: 1_000 }, (_, n) => `a${n}="x"`).join(' ')}>`],
    ['of one attribute', `<d p="${'x'.repeat(1_000_000)}`],
    ['with names that the parser trips over', '<d hasOwnProperty="1" __proto__="2" p="1,1,1,1">a</d>'],
  ])('that is %s ends the reading, and what came before it counts', (_what, xml) => {
    const { lines, cut } = read(`<i><d p="1,1,25,1" user="u">good</d>${xml}`, 65_536);
    expect(lines).toMatchObject([{ text: 'good' }]);
    expect(cut).toBe(true);
  });

  it('is read to a limit, and no line is longer than the contract says', async () => {
    const path = join(folder, 'long.xml');
    writeFileSync(
      path,
      `<i><d p="1,1,25,1" user="${'u'.repeat(900)}">${'😀'.repeat(90_000)}</d>${' '.repeat(99)}</i>`,
    );
    const lines: SaidLine[] = [];
    expect(await readBilibiliXml(path, (line) => lines.push(line) > 0)).toEqual({ cut: false });
    expect(lines[0]?.user).toHaveLength(200);
    expect(lines[0]?.text).toBe('😀'.repeat(500));
    expect(await readBilibiliXml(path, () => true, { bytes: 100 })).toEqual({ cut: true });
  });

  it('whatever it is made of never throws, and gives only lines that the contract takes', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '<d p="',
        '" user="',
        '">',
        '</d>',
        '<sc ts="1" price="',
        '<gift ',
        '/>',
        '<![CDATA[',
        ']]>',
        '&#',
        ';',
      ),
      fc.constantFrom(
        '<!DOCTYPE ',
        '<!--',
        '-->',
        '1,1,25,9',
        ',',
        '-1',
        '\u202e',
        '\ud800',
        '&constructor;',
        '<i>',
        '</i>',
      ),
      fc.string({ unit: 'binary', maxLength: 8 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.integer({ min: 1, max: 30 }), (pieces, chunk) => {
        for (const { seconds, ...line } of read(pieces.join(''), chunk).lines) {
          expect(Number.isFinite(seconds)).toBe(true);
          expect(ChatLine.safeParse({ ms: 0, ...line }).error).toBeUndefined();
          expect(line.text.isWellFormed()).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
