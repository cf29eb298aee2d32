import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ffmpegTool, type TaskContext } from '@backlot/node/workload';
import { z } from 'zod';
import { listedGaps, type TrackFacts, type TrackGap } from '../../contract.ts';
import { sourceArguments } from '../encode/arguments.ts';
import { ask, Unreadable, wholeReadMs } from './look.ts';
import { PacketTally, type PacketTimes } from './packet-tally.ts';
import { packetArguments, secondsOf } from './read-facts.ts';

/** Every track of a film, counted packet by packet. */
export interface FilmScan {
  readonly tracks: readonly TrackFacts[];
  /** Where in the file each of those tracks is: one that is announced and never filled has a place and is no track. */
  readonly places: readonly number[];
  /** From the first packet of any track to the end of the last one. Milliseconds. */
  readonly durationMs: number;
  readonly gaps: readonly TrackGap[];
  readonly gapCount: number;
  readonly largestGapMs: number;
  readonly backwards: number;
}

type ScanContext = Pick<
  TaskContext<unknown>,
  'run' | 'signal' | 'inputsDir' | 'workDir' | 'capabilities' | 'log'
>;

const glimpseMs = 60_000;
const mostTracks = 64;

/**
 * Arguments of ffprobe that write a line for every packet into a file: the list of a long film is too long for memory,
 * and for a log that is sent to the control plane.
 */
export function packetListArguments(ffprobe: string, source: string, list: string): [string, ...string[]] {
  const [program = ffprobe, ...rest] = packetArguments(ffprobe, sourceArguments(source));
  return [program, '-o', list, ...rest];
}

/**
 * Counts a film in the sandbox.
 *
 * @param label names a file of its own in the work folder while it is counted
 * @throws Unreadable
 */
export async function scanFilm(context: ScanContext, path: string, label: string): Promise<FilmScan> {
  const ffprobe = ffmpegTool(context.capabilities, 'ffprobe') ?? 'ffprobe';
  const list = join(context.workDir, `${label}.packets`);
  try {
    await ask(context, packetListArguments(ffprobe, path, list), await wholeReadMs(path));
    return await readScan(context, path, list);
  } finally {
    await rm(list, { force: true });
  }
}

/** A film from the list of its packets that ffprobe has written. @throws Unreadable */
export async function readScan(context: ScanContext, path: string, list: string): Promise<FilmScan> {
  const ffprobe = ffmpegTool(context.capabilities, 'ffprobe') ?? 'ffprobe';
  const text = await ask(context, trackArguments(ffprobe, path), glimpseMs);
  const streams = readTracks(text.toString('utf8'));
  const tallies = new Map(streams.map(({ index }) => [index, new PacketTally()]));
  const lines = createInterface({
    input: createReadStream(list, { encoding: 'latin1', signal: context.signal }),
    crlfDelay: Infinity,
  });
  for await (const line of lines) {
    const packet = readPacketLine(line);
    if (packet) tallies.get(packet.stream)?.add(packet);
  }
  return assemble(streams, tallies);
}

function trackArguments(ffprobe: string, path: string): string[] {
  const entries =
    'stream=index,codec_type,codec_name,width,height:stream_disposition=attached_pic,timed_thumbnails';
  return [ffprobe, '-v', 'error', '-show_entries', entries, '-of', 'json', ...sourceArguments(path)];
}

const Track = z.object({
  index: z.number().int(),
  codec_type: z.string().optional(),
  codec_name: z.string().optional(),
  width: z.number().int().optional(),
  height: z.number().int().optional(),
  disposition: z.object({ attached_pic: z.number().optional() }).optional(),
});
type Track = z.infer<typeof Track>;
const Tracks = z.object({ streams: z.array(Track).default([]) });

/** Tracks of picture and sound; a cover picture is none. */
function readTracks(text: string): Track[] {
  try {
    const { streams } = Tracks.parse(JSON.parse(text));
    return streams
      .filter(({ codec_type }) => codec_type === 'video' || codec_type === 'audio')
      .filter(({ disposition }) => disposition?.attached_pic !== 1)
      .slice(0, mostTracks);
  } catch {
    throw new Unreadable('ffprobe said nothing of use');
  }
}

/** `stream,pts,dts,duration` in seconds; a time that is not there is `N/A`. Exported for tests. */
export function readPacketLine(line: string): (PacketTimes & { readonly stream: number }) | undefined {
  const [index = '', pts = '', dts = '', duration = ''] = line.split(',');
  const stream = Number.parseInt(index, 10);
  if (!Number.isInteger(stream)) return undefined;
  return { stream, pts: secondsOf(pts), dts: secondsOf(dts), duration: secondsOf(duration) };
}

function assemble(streams: readonly Track[], tallies: ReadonlyMap<number, PacketTally>): FilmScan {
  const counted = streams.flatMap((stream) => {
    const tally = tallies.get(stream.index);
    // A track that a container announces and never fills is none.
    return tally && tally.packets > 0 ? [{ stream, tally }] : [];
  });
  const startMs = Math.min(...counted.map(({ tally }) => tally.startMs));
  const endMs = Math.max(...counted.map(({ tally }) => tally.endMs));
  const gaps = counted.map(({ tally }, track) => tally.gaps(track, startMs));
  return {
    tracks: counted.map(({ stream, tally }) => ({
      kind: stream.codec_type === 'video' ? 'video' : 'audio',
      codec: stream.codec_name ?? 'unknown',
      packets: tally.packets,
      startMs: tally.startMs,
      endMs: tally.endMs,
      width: stream.width ?? 0,
      height: stream.height ?? 0,
    })),
    places: counted.map(({ stream }) => stream.index),
    durationMs: counted.length === 0 ? 0 : Math.round((endMs - startMs) * 1000) / 1000,
    gaps: gaps
      .flatMap(({ listed }) => listed)
      .sort((one, other) => other.ms - one.ms)
      .slice(0, listedGaps)
      .sort((one, other) => one.atMs - other.atMs),
    gapCount: gaps.reduce((sum, { count }) => sum + count, 0),
    largestGapMs: gaps.reduce((most, { largestMs }) => Math.max(most, largestMs), 0),
    backwards: counted.reduce((sum, { tally }) => sum + tally.backwards, 0),
  };
}
