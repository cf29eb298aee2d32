/** Bytes of UTF-8 that a name may have: most file systems end at 255, and servers add endings of their own. */
export const longestComponent = 180;

/** Names that Windows keeps for devices, whatever their ending (learn.microsoft.com, "Naming Files"). */
const devices = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;
/**
 * Controls, the bidirectional marks that can show a name backwards, and invisible characters; joiners stay, for Persian
 * and for emoji.
 */
const invisible = /[\p{Cc}\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/gu;

/**
 * One name of a path, out of anything: it stands for itself on every file system and server, can't lead anywhere, and
 * is as readable as it was. Letters of every language stay; what has a meaning to file systems (`/ \ : * ? " < > |`)
 * becomes its full-width twin, which has none, so that `a/b` and `a:b` stay different names. Cleaning twice changes
 * nothing more. Never empty.
 */
export function cleanComponent(text: string): string {
  const plain = text
    .toWellFormed()
    .normalize('NFC')
    .replace(invisible, '')
    .replace(/[/\\:*?"<>|]/g, (character) => fullWidth(character))
    .replace(/\s+/gu, ' ')
    .trim();
  const cut = shorten(plain, longestComponent)
    // A dot at the end is dropped by Windows, and dots alone mean this folder or the one above.
    .replace(/[. ]+$/u, '')
    .replace(/^ +/u, '');
  const named = /^[\u200c\u200d]*$/.test(cut) ? '_' : cut;
  // A leading dot hides a file, a leading dash looks like an option to programs.
  const open = /^[.-]/.test(named) ? `_${named}` : named;
  return devices.test(open) ? `_${open}` : open;
}

/** The twins of ASCII stand at U+FF01 (fullwidth forms), in the same order. */
function fullWidth(character: string): string {
  return String.fromCodePoint(character.charCodeAt(0) + 0xfee0);
}

/** Cut to so many bytes of UTF-8, between characters as people see them, with the ending of the name kept. */
export function shorten(name: string, bytes: number): string {
  if (bytesOf(name) <= bytes) return name;
  const dot = name.lastIndexOf('.');
  const ending = dot > 0 && name.length - dot <= 12 ? name.slice(dot) : '';
  const room = bytes - bytesOf(ending);
  let stem = '';
  let used = 0;
  for (const { segment } of new Intl.Segmenter('und', { granularity: 'grapheme' }).segment(
    name.slice(0, name.length - ending.length),
  )) {
    used += bytesOf(segment);
    if (used > room) break;
    stem += segment;
  }
  return `${stem.replace(/[. ]+$/u, '')}${ending}`;
}

const encoder = new TextEncoder();
function bytesOf(text: string): number {
  return encoder.encode(text).byteLength;
}
