import { z } from 'zod';
import type { AudioFacts, MediaFacts, VideoFacts } from '../../contract.ts';

/** Bytes that the list of packets of a film may take: about a day of it. */
export const maxFactsBytes = 256 * 1024 * 1024;

const Stream = z.object({
  index: z.number().int(),
  codec_type: z.string().optional(),
  codec_name: z.string().optional(),
  width: z.number().int().optional(),
  height: z.number().int().optional(),
  pix_fmt: z.string().optional(),
  channels: z.number().int().optional(),
  sample_rate: z.coerce.number().int().optional(),
  disposition: z.object({ attached_pic: z.number().optional() }).optional(),
});
const Streams = z.object({ streams: z.array(Stream).default([]) });

/** Arguments of ffprobe for what a film is made of, as JSON. */
export function streamArguments(ffprobe: string, source: readonly string[]): string[] {
  const entries =
    'stream=index,codec_type,codec_name,width,height,pix_fmt,channels,sample_rate:stream_disposition=attached_pic';
  return [ffprobe, '-v', 'error', '-show_entries', entries, '-of', 'json', ...source];
}

/** Arguments of ffprobe for every packet: stream, time, duration, a line each. Nothing is decoded. */
export function packetArguments(ffprobe: string, source: readonly string[]): string[] {
  const entries = 'packet=stream_index,pts_time,dts_time,duration_time';
  return [ffprobe, '-v', 'error', '-show_entries', entries, '-of', 'csv=p=0', ...source];
}

interface Span {
  packets: number;
  startMs: number;
  endMs: number;
}

/**
 * What a film is, from what ffprobe says about its streams and from all of its packets. What a container claims about
 * its length is not believed: in recordings it is often wrong.
 *
 * @throws z.ZodError, SyntaxError when ffprobe said something else
 */
export function readFacts(streamsJson: string, packetLines: string): MediaFacts {
  const { streams } = Streams.parse(JSON.parse(streamsJson));
  const spans = readSpans(packetLines);
  const spanOf = (index: number): Span => spans.get(index) ?? { packets: 0, startMs: 0, endMs: 0 };
  const video = streams.find(
    (stream) => stream.codec_type === 'video' && stream.disposition?.attached_pic !== 1,
  );
  const audio = streams.find((stream) => stream.codec_type === 'audio');
  return {
    video: video ? videoFacts(video, spanOf(video.index)) : null,
    audio: audio ? audioFacts(audio, spanOf(audio.index)) : null,
  };
}

function videoFacts(stream: z.infer<typeof Stream>, { packets, startMs, endMs }: Span): VideoFacts {
  return {
    codec: stream.codec_name ?? 'unknown',
    width: stream.width ?? 0,
    height: stream.height ?? 0,
    pixelFormat: stream.pix_fmt ?? 'unknown',
    frames: packets,
    startMs,
    endMs,
  };
}

function audioFacts(stream: z.infer<typeof Stream>, span: Span): AudioFacts {
  return {
    codec: stream.codec_name ?? 'unknown',
    channels: stream.channels ?? 0,
    sampleRate: stream.sample_rate ?? 0,
    ...span,
  };
}

function readSpans(lines: string): Map<number, Span> {
  const spans = new Map<number, Span>();
  for (let from = 0; from < lines.length; ) {
    const newline = lines.indexOf('\n', from);
    const end = newline < 0 ? lines.length : newline;
    const [index = '', pts = '', dts = '', duration = ''] = lines.slice(from, end).split(',');
    from = end + 1;
    const stream = Number.parseInt(index, 10);
    if (!Number.isInteger(stream)) continue;
    const span = spans.get(stream) ?? { packets: 0, startMs: Infinity, endMs: -Infinity };
    spans.set(stream, span);
    span.packets += 1;
    const at = secondsOf(pts) ?? secondsOf(dts);
    if (at === undefined) continue;
    span.startMs = Math.min(span.startMs, at * 1000);
    span.endMs = Math.max(span.endMs, (at + (secondsOf(duration) ?? 0)) * 1000);
  }
  for (const span of spans.values()) {
    if (span.startMs === Infinity) Object.assign(span, { startMs: 0, endMs: 0 });
  }
  return spans;
}

/** `N/A` is a time that the packet has not. */
export function secondsOf(text: string): number | undefined {
  const seconds = Number.parseFloat(text);
  return Number.isFinite(seconds) ? seconds : undefined;
}
