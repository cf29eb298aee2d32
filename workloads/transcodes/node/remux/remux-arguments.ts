import type { Container } from '../../contract.ts';
import { sourceArguments } from '../encode/arguments.ts';

export interface RemuxPlaces {
  readonly ffmpeg: string;
  readonly source: string;
  readonly output: string;
  /** The picture is H.265. */
  readonly hevc: boolean;
}

/** Arguments of ffmpeg that copy every track of picture and sound. Nothing is decoded. */
export function remuxArguments(container: Container, places: RemuxPlaces): [string, ...string[]] {
  return [
    places.ffmpeg,
    ...['-nostdin', '-hide_banner', '-y', '-v', 'warning', '-progress', 'pipe:1', '-stats_period', '1'],
    ...sourceArguments(places.source),
    // Tracks of anything else (data, subtitles of teletext) fit no container alike.
    ...['-map', '0:V?', '-map', '0:a?', '-c', 'copy', '-map_metadata', '0'],
    ...(places.hevc && container === 'mp4' ? ['-tag:v', 'hvc1'] : []),
    ...(container === 'mp4' ? ['-movflags', '+faststart', '-f', 'mp4'] : ['-f', 'matroska']),
    `file:${places.output}`,
  ];
}
