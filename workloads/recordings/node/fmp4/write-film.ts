import { box, fullBox, u16, u32 } from './write-boxes.ts';

/** A stream as FLV announces it, for fragments that a reader of ISO base media understands. Times are milliseconds. */
export interface FilmTrack {
  readonly id: number;
  readonly kind: 'video' | 'audio';
  readonly codec: string;
  /** The decoder's set-up, as FLV carries it. */
  readonly config: Buffer;
  readonly width: number;
  readonly height: number;
}

const SCALE = 1_000;
const NOT_SYNC = 0x0101_0000;
const SYNC = 0x0200_0000;
const unit = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

/** `ftyp` and `moov`: what stands before the first fragment. */
export function filmHead(tracks: readonly FilmTrack[]): Buffer {
  const header = fullBox(
    'mvhd',
    0,
    0,
    u32(0, 0, SCALE, 0, 0x10000),
    u16(0x100, 0),
    u32(0, 0),
    unit,
    Buffer.alloc(24),
    u32(99),
  );
  const extends_ = tracks.map(({ id }) => fullBox('trex', 0, 0, u32(id, 1, 0, 0, 0)));
  return Buffer.concat([
    box('ftyp', Buffer.from('iso6'), u32(0), Buffer.from('iso6mp41')),
    box('moov', header, ...tracks.map(trackBox), box('mvex', ...extends_)),
  ]);
}

/** One frame as a fragment of its own. @param later how much later than decoding it is shown */
export function filmFrame(
  track: number,
  ms: number,
  later: number,
  key: boolean,
  data: Buffer,
  sequence: number,
): Buffer {
  const decode = Buffer.alloc(8);
  decode.writeBigUInt64BE(BigInt(Math.max(0, ms)));
  const offset = Buffer.alloc(4);
  offset.writeInt32BE(later);
  // Data offset, size, flags and composition offset; the length of a frame is known by the next one's time.
  const run = (dataAt: number) =>
    fullBox('trun', 1, 0xe01, u32(1, dataAt, data.length, key ? SYNC : NOT_SYNC), offset);
  const fragment = (dataAt: number) =>
    box(
      'moof',
      fullBox('mfhd', 0, 0, u32(sequence)),
      box('traf', fullBox('tfhd', 0, 0x20008, u32(track, 1)), fullBox('tfdt', 1, 0, decode), run(dataAt)),
    );
  const { length } = fragment(0);
  return Buffer.concat([fragment(length + 8), box('mdat', data)]);
}

function trackBox(track: FilmTrack): Buffer {
  const video = track.kind === 'video';
  const { id, width, height } = track;
  const size = video ? u32(width * 65_536, height * 65_536) : u32(0, 0);
  const header = fullBox(
    'tkhd',
    0,
    3,
    u32(0, 0, id, 0, 0, 0, 0),
    u16(0, 0, video ? 0 : 0x100, 0),
    unit,
    size,
  );
  const handler = Buffer.from(video ? 'vide' : 'soun');
  const table = box(
    'stbl',
    fullBox('stsd', 0, 0, u32(1), video ? pictureEntry(track) : soundEntry(track)),
    fullBox('stts', 0, 0, u32(0)),
    fullBox('stsc', 0, 0, u32(0)),
    fullBox('stsz', 0, 0, u32(0, 0)),
    fullBox('stco', 0, 0, u32(0)),
  );
  const data = box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1)));
  return box(
    'trak',
    header,
    box(
      'mdia',
      fullBox('mdhd', 0, 0, u32(0, 0, SCALE, 0), u16(0x55c4, 0)),
      fullBox('hdlr', 0, 0, u32(0), handler, u32(0, 0, 0), Buffer.from([0])),
      box(
        'minf',
        video ? fullBox('vmhd', 0, 1, u16(0, 0, 0, 0)) : fullBox('smhd', 0, 0, u16(0, 0)),
        data,
        table,
      ),
    ),
  );
}

/** Sample entries and the boxes of their set-up: FLV carries the very records that these boxes hold. */
const pictures: Readonly<Record<string, readonly [entry: string, record: string]>> = {
  h264: ['avc1', 'avcC'],
  hevc: ['hvc1', 'hvcC'],
  av1: ['av01', 'av1C'],
  vp9: ['vp09', 'vpcC'],
};

function pictureEntry({ codec, config, width, height }: FilmTrack): Buffer {
  const [entry, record] = pictures[codec] ?? ['avc1', 'avcC'];
  return box(
    entry,
    Buffer.alloc(6),
    u16(1),
    Buffer.alloc(16),
    u16(width, height),
    u32(0x480000, 0x480000, 0),
    u16(1),
    Buffer.alloc(32),
    u16(24, 0xffff),
    box(record, config),
  );
}

/** Rates by index of an AudioSpecificConfig (ISO/IEC 14496-3, 1.6.3.4). */
const rates = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];

function soundEntry({ codec, config }: FilmTrack): Buffer {
  const opus = codec === 'opus';
  const aac = codec === 'aac' && config.length >= 2;
  const rate = aac ? (rates[(((config[0] ?? 0) & 7) << 1) | ((config[1] ?? 0) >> 7)] ?? 48_000) : 48_000;
  const channels = opus ? (config[9] ?? 2) : aac ? ((config[1] ?? 0) >> 3) & 15 || 2 : 2;
  const head = [Buffer.alloc(6), u16(1), u32(0, 0), u16(channels, 16, 0, 0), u32((rate & 0xffff) * 65_536)];
  return opus ? box('Opus', ...head, opusBox(config)) : box('mp4a', ...head, streamDescriptor(codec, config));
}

/** From an OpusHead (RFC 7845, 5.1), little-endian, to a dOps, big-endian. */
function opusBox(head: Buffer): Buffer {
  if (head.length < 19) return box('dOps', Buffer.from([0, 2, 0, 0, 0, 0, 0xbb, 0x80, 0, 0, 0]));
  const body = Buffer.concat([
    Buffer.from([0, head[9] ?? 2]),
    u16(head.readUInt16LE(10)),
    u32(head.readUInt32LE(12)),
    u16(head.readUInt16LE(16)),
    head.subarray(18),
  ]);
  return box('dOps', body);
}

function streamDescriptor(codec: string, config: Buffer): Buffer {
  const part = (tag: number, body: Buffer) => Buffer.concat([Buffer.from([tag, body.length]), body]);
  const kind = codec === 'mp3' ? 0x6b : 0x40;
  const decoder = part(
    4,
    Buffer.concat([
      Buffer.from([kind, 0x15, 0, 0, 0]),
      u32(0, 0),
      config.length > 0 ? part(5, config) : Buffer.alloc(0),
    ]),
  );
  return fullBox(
    'esds',
    0,
    0,
    part(3, Buffer.concat([u16(0), Buffer.from([0]), decoder, part(6, Buffer.from([2]))])),
  );
}
