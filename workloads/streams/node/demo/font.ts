/** A tiny typeface: three dots wide, five high, a row per digit (bit 2 is the left dot). Small letters are drawn as capitals. */
const glyphs: Readonly<Record<string, string>> = {
  '0': '75557',
  '1': '26227',
  '2': '71747',
  '3': '71717',
  '4': '55711',
  '5': '74717',
  '6': '74757',
  '7': '71244',
  '8': '75757',
  '9': '75717',
  A: '25755',
  B: '65656',
  C: '34443',
  D: '65556',
  E: '74647',
  F: '74644',
  G: '34553',
  H: '55755',
  I: '72227',
  J: '11152',
  K: '55655',
  L: '44447',
  M: '57755',
  N: '65555',
  O: '25552',
  P: '65644',
  Q: '25563',
  R: '65655',
  S: '34216',
  T: '72222',
  U: '55557',
  V: '55552',
  W: '55775',
  X: '55255',
  Y: '55222',
  Z: '71247',
  ':': '02020',
  '.': '00002',
  ',': '00024',
  '-': '00700',
  '+': '02720',
  '/': '11244',
  '%': '51245',
  '"': '55000',
  "'": '22000',
  '{': '32423',
  '}': '62126',
  '(': '24442',
  ')': '21112',
  '=': '07070',
  '!': '22202',
  '?': '61202',
  _: '00007',
  ' ': '00000',
};
const unknown = '77777';

/** Columns from one letter to the next. */
export const letterWidth = 4;

/** Calls `dot` for every dot of a line of text, in dots from its upper left corner. */
export function drawText(text: string, dot: (x: number, y: number) => void): void {
  let left = 0;
  for (const letter of text.toUpperCase()) {
    const rows = glyphs[letter] ?? unknown;
    for (let y = 0; y < 5; y += 1) {
      const row = Number(rows[y]);
      for (let x = 0; x < 3; x += 1) if ((row >> (2 - x)) & 1) dot(left + x, y);
    }
    left += letterWidth;
  }
}
