/** Sections of an ini file, their keys in lower case. */
export type Ini = ReadonlyMap<string, ReadonlyMap<string, string>>;
export type ReadIni =
  | { readonly ok: true; readonly ini: Ini }
  | { readonly ok: false; readonly line: number };

/**
 * Reads a file as Python's configparser does with its defaults, as far as NGlive's has need of it: `[SECTION]`, `key = value` or
 * `key: value`, comments after `;` or `#` at the beginning of a line. Pure.
 */
export function readIni(text: string): ReadIni {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith(';') || line.startsWith('#')) continue;
    const [, name] = /^\[([^\]]{1,100})\]$/.exec(line) ?? [];
    if (name !== undefined) {
      const key = name.trim().toUpperCase();
      section = sections.get(key) ?? new Map();
      sections.set(key, section);
      continue;
    }
    const at = line.search(/[=:]/);
    const key = line.slice(0, Math.max(0, at)).trim().toLowerCase();
    if (!section || key === '') return { ok: false, line: index + 1 };
    section.set(key, line.slice(at + 1).trim());
  }
  return { ok: true, ini: sections };
}
