/** How ffmpeg reads each container from a pipe. */
const demuxers: Readonly<Record<string, string>> = { flv: 'flv', ts: 'mpegts', fmp4: 'mov' };

/** The argument vector that makes a film of what comes by the pipe: packets as they are, in another container. Pure. */
export function filmArguments(input: {
  readonly ffmpeg: string;
  readonly from: string;
  readonly container: 'mp4' | 'mkv';
  readonly hevc: boolean;
  readonly title: string | null;
  readonly output: string;
}): [string, ...string[]] {
  const { ffmpeg, from, container, hevc, title, output } = input;
  return [
    ffmpeg,
    ...['-nostdin', '-hide_banner', '-y', '-v', 'warning', '-protocol_whitelist', 'pipe,file'],
    ...['-probesize', '20M', '-analyzeduration', '10M'],
    ...['-f', demuxers[from] ?? from, '-i', 'pipe:0', '-map', '0:v?', '-map', '0:a?', '-c', 'copy'],
    // Times of one stream must not be moved because the other begins later.
    ...['-max_interleave_delta', '0', '-map_metadata', '-1'],
    // Text of a person: a value of its own, after the name that we chose.
    ...(title === null ? [] : ['-metadata', `title=${title.replaceAll('\0', '')}`]),
    ...(hevc && container === 'mp4' ? ['-tag:v', 'hvc1'] : []),
    ...(container === 'mp4' ? ['-movflags', '+faststart', '-f', 'mp4'] : ['-f', 'matroska']),
    `file:${output}`,
  ];
}
