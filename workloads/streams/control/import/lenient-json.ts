/**
 * JSON as people write it into configuration files: with `//` and block comments and a comma after the last member.
 * pixelman's own documentation shows its files so.
 * @throws SyntaxError with what `JSON.parse` says of the rest
 */
export function parseLenient(text: string): unknown {
  return JSON.parse(withoutComments(text.replace(/^\uFEFF/, '')));
}

function withoutComments(text: string): string {
  let out = '';
  let at = 0;
  while (at < text.length) {
    if (text[at] === '"') {
      const end = endOfString(text, at);
      out += text.slice(at, end);
      at = end;
    } else if (text.startsWith('//', at)) {
      const end = text.indexOf('\n', at);
      at = end === -1 ? text.length : end;
    } else if (text.startsWith('/*', at)) {
      const end = text.indexOf('*/', at + 2);
      at = end === -1 ? text.length : end + 2;
    } else if (
      text[at] === ',' &&
      /^,(?:\s|\/\/[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*[\]}]/.test(text.slice(at, at + 5_000))
    ) {
      at += 1;
    } else {
      out += text[at];
      at += 1;
    }
  }
  return out;
}

/** Behind the closing quote; the end of the text when there is none. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}
