import { SourceRefused } from '../source-port.ts';

/**
 * An address that a person typed, made harmless: it is only ever one argument of a program or one request, its scheme is
 * one that we meant, and it has no character that a program could read as something else.
 */
export interface SourceAddress {
  readonly url: string;
  readonly scheme: string;
  /** For people and logs: without user, password, path's last part (often the key) and query. */
  readonly shown: string;
}

const longest = 4_096;

/**
 * @param schemes what is admitted, without colon
 * @throws SourceRefused `unusable` with what to type instead
 */
export function readAddress(url: string | undefined, schemes: readonly string[]): SourceAddress {
  const wanted = schemes.map((scheme) => `${scheme}://`).join(', ');
  if (!url) throw new SourceRefused('unusable', 'no_address_of', { schemes: wanted });
  if (url.length > longest) throw new SourceRefused('unusable', 'length');
  // Control characters, spaces and what separates options in ffmpeg's and librtmp's own notations.
  if (/[\p{Cc}\s"'`\\<>]/u.test(url)) throw new SourceRefused('unusable', 'typed');
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new SourceRefused('unusable', 'schemes', { schemes: wanted });
  }
  const scheme = parsed.protocol.slice(0, -1);
  if (!schemes.includes(scheme)) throw new SourceRefused('unusable', 'schemes', { schemes: wanted });
  if (parsed.hostname === '') throw new SourceRefused('unusable', 'no_host');
  return { url: parsed.href, scheme, shown: showAddress(parsed) };
}

/** An address without secrets. */
export function showAddress({ protocol, host, pathname }: URL): string {
  const folder = pathname.replace(/[^/]*$/, '');
  return `${protocol}//${host}${folder}${pathname.endsWith('/') ? '' : '…'}`;
}
