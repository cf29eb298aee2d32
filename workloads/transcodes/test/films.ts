import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** How a film for a test is made. */
export interface FilmRecipe {
  readonly seconds?: number;
  readonly size?: string;
  readonly fps?: number;
  readonly sound?: boolean;
  /** Arguments of the encoders and the container. */
  readonly how?: readonly string[];
}

/** Makes a real film with a moving picture and a tone; gives its path. @throws what ffmpeg says */
export function makeFilm(folder: string, name: string, recipe: FilmRecipe = {}): string {
  const { seconds = 4, size = '320x180', fps = 25, sound = true, how } = recipe;
  const path = join(folder, name);
  const argv = [
    ...['-nostdin', '-v', 'error', '-y'],
    ...['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${fps}:duration=${seconds},noise=alls=12:allf=t`],
    ...(sound ? ['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=48000:duration=${seconds}`] : []),
    ...(how ?? [
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-crf',
      '18',
      '-pix_fmt',
      'yuv420p',
      '-g',
      String(fps),
    ]),
    ...(sound ? ['-c:a', 'aac'] : []),
    path,
  ];
  const ended = spawnSync('ffmpeg', argv, { encoding: 'utf8', timeout: 120_000 });
  if (ended.status !== 0) throw new Error(ended.stderr || String(ended.error));
  return path;
}

/** Sizes and times of the packets of the picture: seconds and bytes. */
export function packetsOf(path: string): { at: number; size: number }[] {
  const argv = [
    '-v',
    'error',
    '-select_streams',
    'v:0',
    '-show_entries',
    'packet=dts_time,size',
    '-of',
    'csv=p=0',
    path,
  ];
  const ended = spawnSync('ffprobe', argv, {
    encoding: 'utf8',
    timeout: 170_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  return ended.stdout
    .trim()
    .split('\n')
    .map((line) => line.split(','))
    .map(([at = '', size = '']) => ({ at: Number.parseFloat(at), size: Number.parseInt(size, 10) }));
}

/** SHA-256 of every packet of a track, in the order of the file. */
export function packetDigests(path: string, track: 'v:0' | 'a:0'): string[] {
  const what = ['-select_streams', track, '-show_data_hash', 'SHA256', '-show_entries', 'packet=data_hash'];
  const ended = spawnSync('ffprobe', ['-v', 'error', ...what, '-of', 'csv=p=0', path], {
    encoding: 'utf8',
    timeout: 170_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  return [...ended.stdout.matchAll(/SHA256:([0-9a-f]{64})/g)].flatMap(([, digest]) => digest ?? []);
}

/** Bits per second in each whole second of a film. */
export function rateBySecond(packets: readonly { at: number; size: number }[]): number[] {
  const first = packets[0]?.at ?? 0;
  const sums: number[] = [];
  for (const { at, size } of packets) {
    const second = Math.floor(at - first);
    sums[second] = (sums[second] ?? 0) + size * 8;
  }
  return sums.slice(0, -1);
}
