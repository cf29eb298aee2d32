import { appendFile, writeFile } from 'node:fs/promises';

/** What people write who want something broken: for a shell, for XML, for subtitles, for templates. */
const hostile = [
  'a"; touch x & $(id) ../..',
  '</d><d p="0,1,25,0,0,0,0,0">not mine</d></i>',
  '{\\pos(0,0)}{\\p1}m 0 0',
  '{{run.id}} `touch x` %n%s \\N\\h',
  '一条普通的弹幕 🎉',
];
/** Some scroll, some stand. */
const places = [1, 5, 4, 1, 6] as const;

/**
 * The chat of a recording as BililiveRecorder 2 writes it beside the file (by its BasicDanmakuWriter, read and not copied):
 * UTF-8 with a mark at its head, its own elements first, then messages in the order in which they came. Written out after so
 * many messages, so that a kill loses the last ones and leaves no end.
 */
export class FakeChat {
  readonly #path: string;
  readonly #waiting: number;
  readonly #began = performance.now();
  #text = '';
  #since = 0;
  #count = 0;
  #closed = false;

  private constructor(path: string, waiting: number) {
    this.#path = path;
    this.#waiting = waiting;
  }

  /** @param waiting so many messages may wait to be written */
  static async open(path: string, roomId: number, title: string, waiting: number): Promise<FakeChat> {
    const names = `roomid="${roomId}" shortid="0" name="n" title="${attribute(title)}" areanameparent="p" areanamechild="c"`;
    const lines = [
      '\ufeff<?xml version="1.0" encoding="utf-8"?>',
      '<?xml-stylesheet type="text/xsl" href="#s"?>',
      '<i>',
      '  <!--\nsc, gift and guard are of this recorder\n-->',
      '  <chatserver>chat.bilibili.com</chatserver>',
      '  <chatid>0</chatid>',
      '  <maxlimit>1000</maxlimit>',
      '  <BililiveRecorder version="2.99.0" />',
      `  <BililiveRecorderRecordInfo ${names} start_time="${new Date().toISOString()}" />`,
      '  <BililiveRecorderXmlStyle><z:stylesheet id="s" xmlns:z="http://www.w3.org/1999/XSL/Transform"><z:template match="/"><div>' +
        '<z:value-of select="count(/i/d)"/></div></z:template></z:stylesheet></BililiveRecorderXmlStyle>',
    ];
    await writeFile(path, lines.join('\n'));
    return new FakeChat(path, waiting);
  }

  /** One message of each kind in turn. */
  async say(): Promise<void> {
    const n = this.#count++;
    const ts = ((performance.now() - this.#began) / 1_000).toFixed(7);
    const text = hostile[n % hostile.length] ?? '';
    const user = `user="${attribute(n % 2 === 0 ? 'u&"<1>' : hostile[0])}"`;
    const kinds = [
      `<d p="${ts},${places[n % places.length]},25,${n % 3 === 0 ? 0xff0000 : 0xffffff},${Date.now()},0,${n},0" ${user}>${content(text)}</d>`,
      `<sc ts="${ts}" ${user} price="30" time="60">${content(text)}</sc>`,
      `<gift ts="${ts}" ${user} giftname="${attribute(text)}" giftcount="3" />`,
      `<guard ts="${ts}" ${user} level="3" count="1" />`,
    ];
    // Most of it is messages.
    this.#text += `\n  ${kinds[n % 8 < 5 ? 0 : (n % 8) - 4]}`;
    if (this.#since++ >= this.#waiting) await this.#flush();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#text += '\n</i>';
    await this.#flush();
  }

  async #flush(): Promise<void> {
    const text = this.#text;
    this.#text = '';
    this.#since = 0;
    await appendFile(this.#path, text);
  }
}

function content(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function attribute(text = ''): string {
  return content(text).replaceAll('"', '&quot;').replaceAll('\n', '&#xA;');
}
