import type { LogRange } from './log-reader.ts';

/**
 * Turns log bytes into text for people. Bytes that aren't UTF-8 become U+FFFD, the control characters that would
 * rewrite a terminal or a page are made visible, and dropped bytes are told by a line of their own.
 *
 * `whole` says that the bytes end where the stream ends. Otherwise a character that is cut at the end is left for the
 * next range, and `used` says how many bytes the text stands for.
 */
export function logText(
  range: Pick<LogRange, 'bytes' | 'missing'>,
  whole = true,
): { text: string; used: number } {
  const used = whole ? range.bytes.length : range.bytes.length - cutCharacter(range.bytes);
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(range.bytes.subarray(0, used));
  const mark = range.missing > 0 ? `[… ${range.missing} bytes of output were dropped here …]\n` : '';
  return { text: mark + visible(text), used };
}

/** How many bytes at the end begin a UTF-8 character (RFC 3629 §3) that isn't complete. */
function cutCharacter(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 && byte < 0xf8 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1;
    return byte < 0xf8 && length > back ? back : 0;
  }
  return 0;
}

/** Control characters but tab, line feed and carriage return become pictures of themselves (U+2400 …). */
function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, (character) => {
    const code = character.charCodeAt(0);
    return code === 0x7f ? '\u2421' : String.fromCharCode(0x2400 + code);
  });
}
