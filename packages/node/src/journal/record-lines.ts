import { crc32 } from 'node:zlib';

/**
 * Lines of a journal: eight hexadecimal digits of CRC-32 over the JSON text, a space, the JSON text, a newline. A line
 * that was torn by a crash fits no checksum; everything from it on counts as never written.
 */
export function formatLine(record: unknown): string {
  const text = JSON.stringify(record);
  return `${crc32(text).toString(16).padStart(8, '0')} ${text}\n`;
}

/** Whole records from the start of a journal, and how many bytes they take: what follows is to be cut off. */
export interface ReadLines {
  readonly records: readonly unknown[];
  readonly bytes: number;
}

export function parseLines(content: Buffer): ReadLines {
  const records: unknown[] = [];
  let bytes = 0;
  for (;;) {
    const end = content.indexOf(0x0a, bytes);
    if (end === -1) break;
    const record = parseLine(content.toString('utf8', bytes, end));
    if (record === undefined) break;
    records.push(record.value);
    bytes = end + 1;
  }
  return { records, bytes };
}

function parseLine(line: string): { readonly value: unknown } | undefined {
  const text = line.slice(9);
  if (!/^[0-9a-f]{8} /.test(line) || Number.parseInt(line.slice(0, 8), 16) !== crc32(text)) return undefined;
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
