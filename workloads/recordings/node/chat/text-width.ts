/** Scripts that are written in squares, and pictures. */
const square =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const nothing = /\p{M}|\u200c|\u200d/u;
const broad = /[MWmw@%&…—\p{Lt}]/u;
const capital = /[\p{Lu}]/u;
/** Ornaments of a whole sentence in one character. */
const sentence = /[\ufdfb-\ufdfd\u{12000}-\u{1254f}]/u;

/** In parts of the size of the font, of which a line is high: a letter is never narrower than this says by much. Pure. */
function characterWidth(character: string): number {
  if (nothing.test(character)) return 0;
  if (square.test(character)) return 1;
  if (sentence.test(character)) return 8;
  if (broad.test(character)) return 0.95;
  return capital.test(character) ? 0.75 : 0.58;
}

/** How wide text is about, in pixels: fonts differ from node to node, so it is estimated and rather too much. Pure. */
export function textWidth(text: string, fontSize: number): number {
  let sum = 0;
  for (const character of text) sum += characterWidth(character);
  return Math.ceil(sum * fontSize);
}

/** As much of a text as fits, with an ellipsis where something is left out. Pure. */
export function fitText(text: string, fontSize: number, mostPixels: number): string {
  if (textWidth(text, fontSize) <= mostPixels) return text;
  let sum = characterWidth('…');
  let fits = '';
  for (const character of text) {
    sum += characterWidth(character);
    if (sum * fontSize > mostPixels) break;
    fits += character;
  }
  return `${fits.trimEnd()}…`;
}
