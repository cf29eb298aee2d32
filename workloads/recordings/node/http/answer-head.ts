import { SourceFault } from '../source-port.ts';
/** The head of an HTTP answer. Names in lower case; of a name that comes twice, the first value counts. */
export interface AnswerHead {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** Bytes of it, with the empty line behind. */
  readonly length: number;
}

/** A head that is longer than this is none. */
export const LONGEST_HEAD = 64 * 1024;

/**
 * Reads an answer's head (RFC 9112, 4 and 5). Pure.
 * @returns undefined while it is not whole
 * @throws where this is no HTTP
 */
export function readAnswerHead(bytes: Buffer): AnswerHead | undefined {
  if (bytes.length >= 5 && bytes.toString('latin1', 0, 5) !== 'HTTP/') throw new SourceFault('no_http');
  const end = bytes.indexOf('\r\n\r\n', 0, 'latin1');
  if (end < 0) {
    if (bytes.length > LONGEST_HEAD) throw new SourceFault('no_http');
    return undefined;
  }
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1]);
  if (!(status >= 100)) throw new SourceFault('no_http');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (colon > 0 && !headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  return { status, headers, length: end + 4 };
}
