import { pictureSize } from '../codecs/picture-size.ts';
import { type Box, boxAt, boxesIn, findBox } from './boxes.ts';

export interface Track {
  readonly id: number;
  readonly kind: 'video' | 'audio' | 'other';
  readonly codec: string;
  /** Units of time in a second. */
  readonly timescale: number;
  readonly width: number;
  readonly height: number;
  readonly defaultDuration: number;
  readonly defaultFlags: number;
}

const codecNames: Readonly<Record<string, string>> = {
  avc1: 'h264',
  avc3: 'h264',
  hvc1: 'hevc',
  hev1: 'hevc',
  av01: 'av1',
  vp09: 'vp9',
  mp4a: 'aac',
  Opus: 'opus',
  'ac-3': 'ac3',
  'ec-3': 'eac3',
  fLaC: 'flac',
};

/** The tracks that an initialization segment announces; none where it can't be read. */
export function readTracks(init: Buffer): Track[] {
  try {
    const moov = findBox(init, 0, init.length, 'moov');
    if (!moov) return [];
    const defaults = new Map<number, { duration: number; flags: number }>();
    const mvex = findBox(init, moov.body, moov.end, 'mvex');
    if (mvex) {
      for (const box of boxesIn(init, mvex.body, mvex.end))
        if (box.type === 'trex')
          defaults.set(init.readUInt32BE(box.body + 4), {
            duration: init.readUInt32BE(box.body + 12),
            flags: init.readUInt32BE(box.body + 20),
          });
    }
    const tracks: Track[] = [];
    for (const box of boxesIn(init, moov.body, moov.end)) {
      const track = box.type === 'trak' ? readTrack(init, box, defaults) : undefined;
      if (track) tracks.push(track);
    }
    return tracks;
  } catch {
    return [];
  }
}

function readTrack(
  init: Buffer,
  trak: Box,
  defaults: ReadonlyMap<number, { duration: number; flags: number }>,
): Track | undefined {
  const tkhd = findBox(init, trak.body, trak.end, 'tkhd');
  const mdhd = boxAt(init, trak.body, trak.end, 'mdia', 'mdhd');
  const hdlr = boxAt(init, trak.body, trak.end, 'mdia', 'hdlr');
  const stsd = boxAt(init, trak.body, trak.end, 'mdia', 'minf', 'stbl', 'stsd');
  if (!tkhd || !mdhd || !hdlr || !stsd) return undefined;
  const id = init.readUInt32BE(tkhd.body + (init[tkhd.body] === 1 ? 20 : 12));
  const timescale = init.readUInt32BE(mdhd.body + (init[mdhd.body] === 1 ? 20 : 12));
  const handler = init.toString('latin1', hdlr.body + 8, hdlr.body + 12);
  const kind = handler === 'vide' ? 'video' : handler === 'soun' ? 'audio' : 'other';
  const fourCc = init.toString('latin1', stsd.body + 12, stsd.body + 16);
  const { duration, flags } = defaults.get(id) ?? { duration: 0, flags: 0 };
  let width = 0;
  let height = 0;
  if (kind === 'video') {
    width = init.readUInt16BE(stsd.body + 40);
    height = init.readUInt16BE(stsd.body + 42);
    const config = init.indexOf('avcC', stsd.body, 'latin1');
    if (config > 0 && config < stsd.end) {
      const length = init.readUInt16BE(config + 10);
      const size = pictureSize('h264', init.subarray(config + 12, config + 12 + length));
      if (size) ({ width, height } = size);
    }
  }
  if (timescale === 0) return undefined;
  const codec = codecNames[fourCc] ?? fourCc.replace(/[^\w.-]/g, '?');
  return { id, kind, codec, timescale, width, height, defaultDuration: duration, defaultFlags: flags };
}

export interface TrackRun {
  readonly track: Track;
  /** Decoding time of the first sample, in milliseconds. */
  readonly ms: number;
  readonly samples: number;
  readonly durationMs: number;
  readonly startsWithKeyframe: boolean;
}

const NOT_SYNC = 0x10000;
/** Nothing live has more in one fragment: a number out of nowhere would be counted one by one when films are joined. */
const MOST_SAMPLES = 100_000;

/** What a movie fragment holds of each track (8.8.4 to 8.8.12). */
export function readFragment(buffer: Buffer, moof: Box, tracks: readonly Track[]): TrackRun[] {
  const runs: TrackRun[] = [];
  try {
    for (const traf of boxesIn(buffer, moof.body, moof.end)) {
      if (traf.type !== 'traf') continue;
      const run = readRun(buffer, traf, tracks);
      if (run) runs.push(run);
    }
  } catch {
    // A fragment that is wrong inside is kept as it is; it only says nothing.
  }
  return runs;
}

function readRun(buffer: Buffer, traf: Box, tracks: readonly Track[]): TrackRun | undefined {
  const tfhd = findBox(buffer, traf.body, traf.end, 'tfhd');
  const tfdt = findBox(buffer, traf.body, traf.end, 'tfdt');
  if (!tfhd || !tfdt) return undefined;
  const track = tracks.find(({ id }) => id === buffer.readUInt32BE(tfhd.body + 4));
  if (!track) return undefined;
  const flags = buffer.readUInt32BE(tfhd.body) & 0xffffff;
  let at = tfhd.body + 8 + (flags & 1 ? 8 : 0) + (flags & 2 ? 4 : 0);
  let duration = track.defaultDuration;
  let sampleFlags = track.defaultFlags;
  if (flags & 8) {
    duration = buffer.readUInt32BE(at);
    at += 4;
  }
  if (flags & 16) at += 4;
  if (flags & 32) sampleFlags = buffer.readUInt32BE(at);
  const base =
    buffer[tfdt.body] === 1
      ? Number(buffer.readBigUInt64BE(tfdt.body + 4))
      : buffer.readUInt32BE(tfdt.body + 4);
  let samples = 0;
  let total = 0;
  let first: number | undefined;
  for (const trun of boxesIn(buffer, traf.body, traf.end)) {
    if (trun.type !== 'trun') continue;
    const has = buffer.readUInt32BE(trun.body) & 0xffffff;
    const count = buffer.readUInt32BE(trun.body + 4);
    if (samples + count > MOST_SAMPLES) throw new Error('A fragment announces more than it can hold.');
    let place = trun.body + 8 + (has & 1 ? 4 : 0);
    if (has & 4) {
      first ??= buffer.readUInt32BE(place);
      place += 4;
    }
    const step =
      (has & 0x100 ? 4 : 0) + (has & 0x200 ? 4 : 0) + (has & 0x400 ? 4 : 0) + (has & 0x800 ? 4 : 0);
    if (has & 0x400 && count > 0)
      first ??= buffer.readUInt32BE(place + (has & 0x100 ? 4 : 0) + (has & 0x200 ? 4 : 0));
    if (has & 0x100)
      for (let index = 0; index < count; index++) total += buffer.readUInt32BE(place + index * step);
    else total += count * duration;
    samples += count;
  }
  const { timescale } = track;
  return {
    track,
    ms: (base * 1000) / timescale,
    samples,
    durationMs: (total * 1000) / timescale,
    startsWithKeyframe: ((first ?? sampleFlags) & NOT_SYNC) === 0,
  };
}
