import type { ChatLayout, PlacedLine } from './layout-chat.ts';

/** Has the signs that people who write here use; where it is not installed, the usual font of the node is taken. */
const FONT = 'Noto Sans CJK SC';

/**
 * Subtitles in the format ASS v4+, piece by piece. Text of strangers can't be an instruction in it: what begins an override or
 * a break is replaced by its full-width likeness, because readers disagree on how it is escaped. Pure.
 */
export function* assSubtitles({ look, placed }: ChatLayout): Generator<string> {
  const { width, height, fontSize } = look;
  const outline = Math.max(1, Math.round(fontSize / 18));
  const font = `${FONT},${fontSize}`;
  yield [
    '[Script Info]',
    'ScriptType: v4.00+',
    `PlayResX: ${width}`,
    `PlayResY: ${height}`,
    // Never wrapped, and nobody moves them out of each other's way: their places are ours.
    'WrapStyle: 2',
    'Collisions: Normal',
    'ScaledBorderAndShadow: yes',
    '',
    '[V4+ Styles]',
    'Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding',
    `Style: message,${font},&H00FFFFFF,&H00FFFFFF,&H00000000,&H00000000,0,0,0,0,100,100,0,0,1,${outline},0,7,0,0,0,1`,
    `Style: paid,${font},&H00FFFFFF,&H00FFFFFF,&H002060D0,&H002060D0,0,0,0,0,100,100,0,0,3,${outline},0,8,0,0,0,1`,
    '',
    '[Events]',
    'Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text',
    '',
  ].join('\n');
  for (const line of placed) {
    const { startMs, endMs, kind, text } = line;
    const y = line.lane * look.laneHeight + outline;
    const where = line.flies
      ? `\\move(${width},${y},${-line.width},${y})`
      : `\\an8\\pos(${Math.round(width / 2)},${y})`;
    const times = `${assTime(startMs)},${assTime(endMs)}`;
    yield `Dialogue: 0,${times},${kind},,0,0,0,,{${where}${colors(line)}}${escapeAss(text)}\n`;
  }
}

/** Text that is nothing but text in ASS. Pure. */
export function escapeAss(text: string): string {
  return text
    .replace(/[\r\n]+/g, ' ')
    .replaceAll('{', '｛')
    .replaceAll('}', '｝')
    .replaceAll('\\', '＼');
}

/** `1:02:03.45` */
export function assTime(ms: number): string {
  const all = Math.round(ms / 10);
  const two = (value: number) => String(value).padStart(2, '0');
  const seconds = Math.floor(all / 100);
  return `${Math.floor(seconds / 3_600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${two(all % 100)}`;
}

/** Blue, green, red, as ASS wants it. What is dark gets a light border. */
function colors({ kind, color }: PlacedLine): string {
  if (kind === 'paid' || color === undefined || color === 0xffffff) return '';
  const [red, green, blue] = [color >> 16, (color >> 8) & 0xff, color & 0xff];
  const bgr = ((blue << 16) | (green << 8) | red).toString(16).toUpperCase().padStart(6, '0');
  const dark = 0.299 * red + 0.587 * green + 0.114 * blue < 60;
  return `\\c&H${bgr}&${dark ? '\\3c&HFFFFFF&' : ''}`;
}
