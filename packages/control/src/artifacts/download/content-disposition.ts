/** Characters that RFC 8187 lets stand unescaped in an extended parameter (attr-char). */
const ATTR_CHAR = /[A-Za-z0-9!#$&+.^_`|~-]/;

/**
 * A `Content-Disposition` that names a file safely (RFC 6266): the last part of the name only, no control
 * characters or direction marks that would make `evil.exe` look like a picture, ASCII in the plain parameter and
 * the true name in the extended one.
 */
export function contentDisposition(kind: 'inline' | 'attachment', name: string): string {
  const file = safeFileName(name);
  const ascii = file.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  return ascii === file
    ? `${kind}; filename="${file}"`
    : `${kind}; filename="${ascii}"; filename*=UTF-8''${encodeExtended(file)}`;
}

/** The last part of a name, without what no file system or terminal should meet; never empty. */
export function safeFileName(name: string): string {
  const last = name.toWellFormed().split(/[/\\]/).at(-1) ?? '';
  // Cc: control characters; Cf: invisible format characters, among them those that reverse the reading direction.
  const clean = last.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').trim();
  return /^\.*$/.test(clean) ? 'file' : clean.slice(0, 200).toWellFormed();
}

function encodeExtended(text: string): string {
  return Array.from(Buffer.from(text, 'utf8'), (byte) => {
    const character = String.fromCharCode(byte);
    return byte < 0x80 && ATTR_CHAR.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}
