import type { PictureFormat } from '../../contract.ts';
import { sourceArguments } from '../encode/arguments.ts';
import { clockOf } from './picture-times.ts';

export const endings: Readonly<Record<PictureFormat, string>> = { jpeg: 'jpg', webp: 'webp' };
export const pictureTypes: Readonly<Record<PictureFormat, string>> = {
  jpeg: 'image/jpeg',
  webp: 'image/webp',
};

/** Mean of the luma (16 is black) above which a picture is one. */
const blackLuma = 24;
/** How far on a picture that is not black is looked for. Seconds. */
const searchSeconds = 30;

const quiet = ['-nostdin', '-hide_banner', '-y', '-v', 'error'];

function encoderOf(format: PictureFormat): string[] {
  return format === 'jpeg'
    ? ['-c:v', 'mjpeg', '-q:v', '3', '-pix_fmt', 'yuvj420p', '-f', 'image2']
    : ['-c:v', 'libwebp', '-quality', '80', '-f', 'webp'];
}

const seek = (atMs: number) => ['-ss', (atMs / 1000).toFixed(3)];
/** Never enlarged; the height follows, even. */
const scaled = (width: number) => `scale=w='min(${width},iw)':h=-2:flags=bicubic`;

export interface PictureShot {
  readonly ffmpeg: string;
  readonly source: string;
  readonly output: string;
  readonly atMs: number;
  readonly width: number;
  readonly format: PictureFormat;
  /** The first picture from there on that is not black. */
  readonly bright: boolean;
}

/** Arguments of ffmpeg that take one picture of a film. With `bright`, nothing comes out when all is black. */
export function shotArguments(shot: PictureShot): [string, ...string[]] {
  const { ffmpeg, source, output, atMs, width, format, bright } = shot;
  const luma = 'lavfi.signalstats.YAVG';
  const chain = [
    ...(bright
      ? [
          'format=yuv420p',
          'signalstats',
          `metadata=mode=select:key=${luma}:value=${blackLuma}:function=greater`,
        ]
      : []),
    scaled(width),
  ];
  return [
    ffmpeg,
    ...quiet,
    ...seek(atMs),
    ...(bright ? ['-t', String(searchSeconds)] : []),
    ...sourceArguments(source),
    ...['-map', '0:V:0', '-an', '-sn', '-dn', '-vf', chain.join(','), '-frames:v', '1'],
    ...encoderOf(format),
    `file:${output}`,
  ];
}

export interface SheetTile {
  readonly ffmpeg: string;
  readonly source: string;
  readonly output: string;
  readonly atMs: number;
  /** Pixels of every tile, whatever the film's picture is at that time. */
  readonly width: number;
  readonly height: number;
  /** How the time is written: nothing, by the machine's usual font, or by a file of one. */
  readonly font: 'none' | 'usual' | { readonly file: string };
}

/** Arguments of ffmpeg that take one tile of a sheet. */
export function tileArguments(tile: SheetTile): [string, ...string[]] {
  const { ffmpeg, source, output, atMs, width, height, font } = tile;
  const chain = [
    `scale=${width}:${height}:force_original_aspect_ratio=decrease:flags=bicubic`,
    `pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2`,
    'setsar=1',
    ...(font === 'none' ? [] : [timeFilter(atMs, height, font)]),
  ];
  return [
    ffmpeg,
    ...quiet,
    ...seek(atMs),
    ...sourceArguments(source),
    ...['-map', '0:V:0', '-an', '-sn', '-dn', '-vf', chain.join(','), '-frames:v', '1'],
    ...['-c:v', 'mjpeg', '-q:v', '2', '-pix_fmt', 'yuvj420p', '-f', 'image2'],
    `file:${output}`,
  ];
}

/** The time in the corner of a tile. Only digits and colons of ours get into the filter. */
export function timeFilter(atMs: number, height: number, font: 'usual' | { readonly file: string }): string {
  const size = Math.max(10, Math.round(height / 10));
  const words = clockOf(atMs).replaceAll(':', '\\:');
  return [
    `drawtext=text='${words}'`,
    ...(font === 'usual' ? [] : [`fontfile='${font.file}'`]),
    ...[
      'expansion=none',
      `fontsize=${size}`,
      'fontcolor=white',
      'box=1',
      'boxcolor=black@0.6',
      'boxborderw=3',
    ],
    ...[`x=w-tw-${Math.round(size / 2)}`, `y=h-th-${Math.round(size / 2)}`],
  ].join(':');
}

export interface SheetGrid {
  readonly ffmpeg: string;
  /** A pattern of names, relative to the work folder; they are in order. */
  readonly tiles: string;
  readonly output: string;
  readonly columns: number;
  readonly rows: number;
  readonly format: PictureFormat;
}

/** Arguments of ffmpeg that lay the tiles out. */
export function gridArguments({
  ffmpeg,
  tiles,
  output,
  columns,
  rows,
  format,
}: SheetGrid): [string, ...string[]] {
  return [
    ffmpeg,
    ...quiet,
    ...['-f', 'image2', '-pattern_type', 'glob', '-framerate', '1', '-i', tiles],
    ...['-vf', `tile=${columns}x${rows}:padding=4:margin=4`, '-frames:v', '1'],
    ...encoderOf(format),
    `file:${output}`,
  ];
}

/** Arguments that open a picture of ours again. */
const opened = (format: PictureFormat, path: string) => [
  ...['-protocol_whitelist', 'file', '-f', format === 'jpeg' ? 'jpeg_pipe' : 'webp_pipe'],
  ...['-i', `file:${path}`],
];

/** The size of a picture: `width,height`. */
export function sizeArguments(ffprobe: string, format: PictureFormat, path: string): string[] {
  return [
    ...[ffprobe, '-v', 'error', '-show_entries', 'stream=width,height', '-of', 'csv=p=0'],
    ...opened(format, path),
  ];
}

/** Side of the square of bytes, one for each point's brightness, to which a picture is made for judging it. */
export const judgeSide = 32;
export function brightnessArguments(ffmpeg: string, format: PictureFormat, path: string): string[] {
  return [
    ...[ffmpeg, '-nostdin', '-v', 'error', '-xerror', ...opened(format, path)],
    ...['-vf', `scale=${judgeSide}:${judgeSide}:flags=area,format=gray`, '-frames:v', '1'],
    ...['-f', 'rawvideo', 'pipe:1'],
  ];
}
