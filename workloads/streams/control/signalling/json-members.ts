/** Where a member of the outermost object stands in the bytes: from the quote of its name to the end of its value. */
export interface Member {
  /** Decoded: `"player\u0049d"` is `playerId`. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/**
 * The members of a JSON object, found in its bytes without decoding values. For bytes that `JSON.parse` has accepted as
 * an object, and for those only. Long strings (an SDP) are stepped over by the native search for the next quote.
 */
export function membersOf(json: Buffer): Member[] {
  const members: Member[] = [];
  let at = json.indexOf(openBrace) + 1;
  for (;;) {
    at = skipSpace(json, at);
    const byte = json[at];
    if (byte === comma) {
      at += 1;
      continue;
    }
    if (byte !== quote) return members;
    const start = at;
    const nameEnd = endOfString(json, at);
    const name: string = JSON.parse(json.toString('utf8', start, nameEnd));
    at = skipSpace(json, nameEnd);
    if (json[at] !== colon) return members;
    const end = endOfValue(json, skipSpace(json, at + 1));
    members.push({ name, start, end });
    at = end;
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function skipSpace(json: Buffer, from: number): number {
  let at = from;
  while (isSpace(json[at])) at += 1;
  return at;
}

/** Just behind the closing quote of the string that opens at `from`. */
function endOfString(json: Buffer, from: number): number {
  let at = from;
  for (;;) {
    at = json.indexOf(quote, at + 1);
    if (at === -1) return json.length;
    let slashes = 0;
    while (json[at - 1 - slashes] === backslash) slashes += 1;
    if (slashes % 2 === 0) return at + 1;
  }
}

function endOfValue(json: Buffer, from: number): number {
  const first = json[from];
  if (first === quote) return endOfString(json, from);
  let at = from;
  let depth = 0;
  for (; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === quote) {
      at = endOfString(json, at) - 1;
    } else if (byte === openBrace || byte === openBracket) {
      depth += 1;
    } else if (byte === closeBrace || byte === closeBracket) {
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (byte === comma || isSpace(byte))) {
      return at;
    }
  }
  return at;
}
