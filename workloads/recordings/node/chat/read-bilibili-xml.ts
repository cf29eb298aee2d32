import { createReadStream } from 'node:fs';
import sax from 'sax';
import type { ChatLine } from '../../contract/chat.ts';
import { cleanWords } from './clean-words.ts';

/** A line as its file has it: seconds on the file's own clock, which may be anything but NaN. */
export type SaidLine = Omit<ChatLine, 'ms'> & { readonly seconds: number };

/** How much of a file is read. What is behind is left out: a stranger must not fill the memory of a join. */
export interface ChatLimits {
  readonly bytes: number;
}
const MiB = 1024 * 1024;
export const chatLimits: ChatLimits = { bytes: 512 * MiB };

/** Limits of `ChatLine`, in UTF-16 units. */
const mostUser = 200;
const mostText = 1_000;
/** Of the raw text of an element; more is not kept until its end comes. */
const mostRaw = 4 * mostText;
/** Real files have three levels and ten attributes; the parser keeps every one that is open. */
const mostDepth = 32;
const mostAttributes = 64;

const members: Readonly<Record<string, string>> = { '1': '总督', '2': '提督', '3': '舰长' };

/**
 * Reads a file of chat as BililiveRecorder writes it, line by line, in the order of the file.
 *
 * Never throws for what is in it: a recorder that was killed leaves a torn end, and people write what they like. The parser
 * reads no document type and no entity but XML's own. A message is only handed on when its end is there.
 * @param take gives false when it wants no more
 * @returns whether something was left unread
 * @throws what the disk says
 */
export async function readBilibiliXml(
  path: string,
  take: (line: SaidLine) => boolean,
  { bytes }: ChatLimits = chatLimits,
): Promise<{ readonly cut: boolean }> {
  const reader = new BilibiliXml(take);
  // Its decoder keeps a character together that two chunks share. A byte more is read, to know that there is one.
  const stream = createReadStream(path, { encoding: 'utf8', end: bytes });
  for await (const chunk of stream) {
    reader.push(chunk as string);
    if (reader.cut) return { cut: true };
  }
  return { cut: stream.bytesRead > bytes };
}

interface Open {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  text: string;
}

/** Turns text into lines. */
export class BilibiliXml {
  readonly #take: (line: SaidLine) => boolean;
  // Without its position, which it counts unless told, it would not look at how long its buffers are.
  readonly #parser = sax.parser(true);
  #open: Open | undefined;
  #depth = 0;
  #attributes = 0;
  #style = 0;
  cut = false;

  constructor(take: (line: SaidLine) => boolean) {
    this.#take = take;
    const parser = this.#parser;
    parser.onerror = ({ message }) => {
      // What was too long for a buffer of the parser would only grow.
      if (message.startsWith('Max buffer')) this.cut = true;
      parser.resume();
    };
    parser.onattribute = () => {
      this.#attributes += 1;
      if (this.#attributes > mostAttributes) this.#stop();
    };
    parser.onopentag = ({ name, attributes }) => this.#begin(name, attributes as Record<string, string>);
    parser.onclosetag = (name) => this.#end(name);
    const hear = (text: string) => {
      if (this.#open && this.#open.text.length < mostRaw) this.#open.text += text.slice(0, mostRaw);
    };
    parser.ontext = hear;
    parser.oncdata = hear;
  }

  push(text: string): void {
    if (this.cut) return;
    try {
      this.#parser.write(text);
    } catch {
      // Thrown by us to leave the chunk, or by the parser at what its author did not think of.
      this.cut = true;
    }
  }

  /** Leaves the parser in the middle of a chunk: nothing else makes it stop. */
  #stop(): never {
    this.cut = true;
    throw new Error('enough');
  }

  #begin(name: string, attributes: Readonly<Record<string, string>>): void {
    this.#attributes = 0;
    this.#depth += 1;
    if (this.#depth > mostDepth) this.#stop();
    // The sheet that shows the file in a browser has elements of its own.
    if (this.#style > 0 || name === 'BililiveRecorderXmlStyle') this.#style += 1;
    else this.#open = { name, attributes, text: '' };
  }

  #end(name: string): void {
    this.#depth -= 1;
    if (this.#style > 0) {
      this.#style -= 1;
      return;
    }
    const open = this.#open;
    this.#open = undefined;
    if (open?.name !== name) return;
    const line = lineOf(open);
    if (line && !this.#take(line)) this.#stop();
  }
}

function lineOf({ name, attributes, text }: Open): SaidLine | undefined {
  const user = cleanWords(attributes.user ?? '', mostUser);
  const said = cleanWords(text, mostText);
  switch (name) {
    case 'd': {
      const [seconds = Number.NaN, type, , color] = (attributes.p ?? '').split(',').map(numberOf);
      const place = type === 4 ? 'bottom' : type === 5 ? 'top' : undefined;
      const flies = type === 1 || type === 2 || type === 3 || type === 6;
      // Others carry positions and programs, not words.
      if (Number.isNaN(seconds) || said === '' || (place === undefined && !flies)) return undefined;
      return {
        ...{ seconds, kind: 'message', user, text: said },
        ...(isColor(color) ? { color } : {}),
        ...(place === undefined ? {} : { place }),
      };
    }
    case 'sc': {
      const price = numberOf(attributes.price);
      return timed(attributes, { kind: 'paid', user, text: said, ...(price >= 0 ? { price } : {}) });
    }
    case 'gift': {
      const gift = cleanWords(attributes.giftname ?? '', mostText);
      return timed(attributes, { kind: 'gift', user, text: gift, ...countOf(attributes.giftcount) });
    }
    case 'guard': {
      const what = members[attributes.level ?? ''] ?? '';
      return timed(attributes, { kind: 'member', user, text: what, ...countOf(attributes.count) });
    }
    default:
      return undefined;
  }
}

function timed(
  { ts }: Readonly<Record<string, string>>,
  line: Omit<SaidLine, 'seconds'>,
): SaidLine | undefined {
  const seconds = numberOf(ts);
  return Number.isNaN(seconds) ? undefined : { seconds, ...line };
}

/** A plain decimal number, NaN for all else: nothing, words, hexadecimal. Never infinite. */
function numberOf(text: string | undefined): number {
  if (text === undefined || !/^\s*-?\d{1,15}(\.\d{1,20})?\s*$/.test(text)) return Number.NaN;
  return Number(text);
}

function countOf(text: string | undefined): { count?: number } {
  const count = numberOf(text);
  return Number.isInteger(count) && count > 0 ? { count } : {};
}

function isColor(color: number | undefined): color is number {
  return color !== undefined && Number.isInteger(color) && color >= 0 && color <= 0xffffff;
}
