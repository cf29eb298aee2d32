import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flvHeader, isConfiguration, isKeyframe, readTags, type TestTag, writeTag } from './flv-tags.ts';
import { restamp, serialUnit } from './serial-stamp.ts';

/** How a sample is made. Small and quick unless told. */
export interface SampleRecipe {
  /** A whole number of GOPs, so that it can be repeated. */
  readonly seconds?: number;
  readonly gopSeconds?: number;
  readonly size?: string;
  readonly fps?: number;
  /** Constant rate with filler, e.g. `2900k`; left out: by quality. */
  readonly rate?: string;
  readonly bFrames?: number;
}

/** One packet of the endless stream that a sample makes when it is repeated. */
export interface SamplePacket extends TestTag {
  /** Number of the video packet in the stream, from 0; undefined for sound. */
  readonly serial: number | undefined;
  readonly keyframe: boolean;
}

/** A real H.264 + AAC film, cut into its packets. */
export interface Sample {
  /** The stamped film as FLV, for programs that read files. */
  readonly path: string;
  readonly durationMs: number;
  readonly fps: number;
  readonly gopMs: number;
  /** Facts and decoder configurations. */
  readonly head: readonly TestTag[];
  /** How many packets one round has. */
  readonly length: number;
  /** Packets of video in one round. */
  readonly videoLength: number;
  /** The n-th packet of the endless stream. */
  packet(n: number): SamplePacket;
}

/** Makes a film by real ffmpeg and stamps each of its video packets. @throws what ffmpeg says */
export function makeSample(folder: string, recipe: SampleRecipe = {}): Sample {
  const { seconds = 8, gopSeconds = 2, size = '160x90', fps = 25, rate, bFrames = 0 } = recipe;
  const raw = join(folder, 'sample-raw.flv');
  const gop = String(Math.round(gopSeconds * fps));
  const quality = rate
    ? ['-b:v', rate, '-minrate', rate, '-maxrate', rate, '-bufsize', rate, '-x264-params', 'nal-hrd=cbr']
    : ['-crf', '30'];
  const argv = [
    ...['-nostdin', '-v', 'error', '-y'],
    ...['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${fps}:duration=${seconds}`],
    ...['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=48000:duration=${seconds}`],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', ...quality],
    ...['-g', gop, '-keyint_min', gop, '-sc_threshold', '0', '-bf', String(bFrames)],
    ...['-c:a', 'aac', '-b:a', '96k', '-flvflags', 'no_duration_filesize', raw],
  ];
  const ended = spawnSync('ffmpeg', argv, { encoding: 'utf8', timeout: 300_000 });
  if (ended.status !== 0) throw new Error(ended.stderr || String(ended.error));
  const durationMs = seconds * 1_000;
  const { tags } = readTags(readFileSync(raw));
  const head = tags.filter(isConfiguration);
  const round = stampAll(
    tags.filter((tag) => !isConfiguration(tag) && !isEnd(tag) && tag.timestamp < durationMs),
  );
  const path = join(folder, 'sample.flv');
  writeFileSync(path, Buffer.concat([flvHeader, ...[...head, ...round].map(writeTag)]));
  const videoLength = round.filter(({ type }) => type === 9).length;
  return {
    path,
    durationMs,
    fps,
    gopMs: gopSeconds * 1_000,
    head,
    length: round.length,
    videoLength,
    packet(n) {
      const packet = round[n % round.length];
      if (!packet) throw new Error('The sample is empty.');
      const turn = Math.floor(n / round.length);
      if (turn === 0) return packet;
      const timestamp = packet.timestamp + turn * durationMs;
      if (packet.serial === undefined) return { ...packet, timestamp };
      const serial = packet.serial + turn * videoLength;
      const body = Buffer.from(packet.body);
      restamp(body, serial);
      return { ...packet, timestamp, body, serial };
    },
  };
}

/** AVC's end of sequence, which a muxer writes behind the last picture. */
function isEnd({ type, body }: TestTag): boolean {
  return type === 9 && body[1] === 2;
}

function stampAll(tags: readonly TestTag[]): SamplePacket[] {
  let serial = 0;
  return tags.map((tag) => {
    if (tag.type !== 9) return { ...tag, serial: undefined, keyframe: false };
    // Five bytes of the video tag's header, then units with four bytes of length each, as x264 writes them.
    const body = Buffer.concat([tag.body.subarray(0, 5), serialUnit(serial), tag.body.subarray(5)]);
    return { ...tag, body, serial: serial++, keyframe: isKeyframe(tag) };
  });
}
