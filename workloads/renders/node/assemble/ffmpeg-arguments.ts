import type { AssembleParameters } from '../../contract.ts';

/** Pictures of a contact sheet at most, and their width in pixels. */
const SHEET_CELLS = 24;
const SHEET_COLUMNS = 6;
const CELL_WIDTH = 240;
/** Behind transparent pictures: H.264 has no transparency. */
const BACKGROUND = '0x808080';

export interface SheetLayout {
  /** Every so many-th picture is shown. */
  readonly every: number;
  readonly columns: number;
  readonly rows: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
}

/** How a contact sheet of so many pictures is laid out. Cells have even sides, for ffmpeg's scaler. */
export function sheetLayout(pictures: number, [width, height]: readonly [number, number]): SheetLayout {
  const every = Math.max(1, Math.ceil(pictures / SHEET_CELLS));
  const cells = Math.ceil(pictures / every);
  const columns = Math.min(SHEET_COLUMNS, cells);
  const cellHeight = Math.max(2, 2 * Math.round((CELL_WIDTH * height) / width / 2));
  return { every, columns, rows: Math.ceil(cells / columns), cellWidth: CELL_WIDTH, cellHeight };
}

/**
 * One ffmpeg that reads the pictures once and writes the contact sheet and, for several, the film: H.264 with 4:2:0
 * colour (what every browser plays), the index first (plays before it is loaded), no metadata, the same bytes each time.
 * @param pattern numbered pictures from 1, as ffmpeg's image2 reads them
 */
export function assembleArguments(
  ffmpeg: string,
  parameters: AssembleParameters,
  files: { readonly pattern: string; readonly film: string; readonly sheet: string },
  threads: number,
): [string, ...string[]] {
  const { film, resolution, transparent, picture } = parameters;
  const [width, height] = resolution;
  const rate = String(film?.fps ?? 1);
  const layout = sheetLayout(parameters.pictures.length, resolution);
  const opaque = transparent
    ? `color=c=${BACKGROUND}:s=${width}x${height}:r=${rate}[back];[back][0:v]overlay=shortest=1:format=auto`
    : '[0:v]null';
  const sheet = [
    `select='not(mod(n\\,${layout.every}))'`,
    `scale=${layout.cellWidth}:${layout.cellHeight}:flags=area`,
    `tile=${layout.columns}x${layout.rows}:padding=4:margin=4:color=0x202020`,
  ].join(',');
  const graph = film
    ? `${opaque},split=2[a][b];[a]scale=out_color_matrix=bt709:out_range=tv,format=yuv420p[film];[b]${sheet}[sheet]`
    : `${opaque},${sheet}[sheet]`;
  return [
    ffmpeg,
    '-nostdin',
    '-y',
    '-v',
    'error',
    // Without these a picture that can't be decoded is replaced by the one before, and the film looks whole.
    '-xerror',
    '-err_detect',
    'explode',
    '-progress',
    'pipe:1',
    '-threads',
    String(threads),
    ...(picture === 'exr' ? ['-apply_trc', 'iec61966_2_1'] : []),
    '-framerate',
    rate,
    '-start_number',
    '1',
    '-i',
    files.pattern,
    '-filter_complex',
    graph,
    ...(film
      ? [
          '-map',
          '[film]',
          '-fps_mode',
          'passthrough',
          '-c:v',
          'libx264',
          '-preset',
          'medium',
          '-crf',
          '18',
          '-colorspace',
          'bt709',
          '-color_primaries',
          'bt709',
          '-color_trc',
          'iec61966-2-1',
          '-color_range',
          'tv',
          '-movflags',
          '+faststart',
          '-map_metadata',
          '-1',
          '-fflags',
          '+bitexact',
          '-flags:v',
          '+bitexact',
          files.film,
        ]
      : []),
    '-map',
    '[sheet]',
    '-frames:v',
    '1',
    '-update',
    '1',
    '-fflags',
    '+bitexact',
    '-flags:v',
    '+bitexact',
    files.sheet,
  ];
}
