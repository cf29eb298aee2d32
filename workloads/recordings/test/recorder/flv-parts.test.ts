import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flvFileHeader, flvTag, metaDataBody, metaDataNumber } from '../../node/flv/flv-bytes.ts';
import { FlvMedia } from '../../node/flv/flv-media.ts';
import { FlvTagReader } from '../../node/flv/tag-reader.ts';
import type { SegmentFacts, SegmentStart } from '../../node/recorder/media.ts';
import { readTags } from '../sources/flv-tags.ts';

const videoConfig = Buffer.from([0x17, 0, 0, 0, 0, 1, 100, 0, 31, 0xff, 0xe0, 0]);
const audioConfig = Buffer.from([0xaf, 0, 0x12, 0x10]);
const video = (key: boolean, filler: Buffer) =>
  Buffer.concat([Buffer.from([key ? 0x17 : 0x27, 1, 0, 0, 0]), filler]);
const audio = (filler: Buffer) => Buffer.concat([Buffer.from([0xaf, 1]), filler]);

function split(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = Math.max(1, sizes[index % sizes.length] ?? 1);
    // Copies, as from a socket: the recorder writes times into them.
    chunks.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return chunks;
}

/** All that a reader tells of a stream. */
function read(chunks: readonly Buffer[]) {
  const tags: { type: number; timestamp: number; role: string; bytes: string }[] = [];
  let parts: Buffer[] = [];
  let head = { type: 0, timestamp: 0, role: '' };
  let skipped = 0;
  const reader = new FlvTagReader({
    tag({ type, timestamp, role }) {
      head = { type, timestamp, role };
      parts = [];
    },
    bytes: (buffer, start, end) => void parts.push(Buffer.from(buffer.subarray(start, end))),
    tagEnd: () => void tags.push({ ...head, bytes: Buffer.concat(parts).toString('base64') }),
    skipped: (bytes) => {
      skipped += bytes;
    },
  });
  for (const chunk of chunks) reader.push(chunk);
  return { tags, skipped, broken: reader.broken, whole: reader.wholeBytes };
}

const tagArbitrary = fc.record({
  kind: fc.constantFrom('key', 'frame', 'audio'),
  filler: fc.uint8Array({ maxLength: 200 }),
  step: fc.integer({ min: 0, max: 60 }),
});

describe('reading FLV', () => {
  it('gives the same tags however the bytes are cut into chunks', () => {
    fc.assert(
      fc.property(
        fc.array(tagArbitrary, { maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        (tags, sizes, header) => {
          let ms = 0;
          const bytes = Buffer.concat([
            ...(header ? [flvFileHeader] : []),
            flvTag(9, 0, videoConfig),
            ...tags.map(({ kind, filler, step }) => {
              ms += step;
              const body =
                kind === 'audio' ? audio(Buffer.from(filler)) : video(kind === 'key', Buffer.from(filler));
              return flvTag(kind === 'audio' ? 8 : 9, ms, body);
            }),
          ]);
          const whole = read([Buffer.from(bytes)]);
          expect(whole.tags).toHaveLength(tags.length + 1);
          expect(whole.skipped).toBe(0);
          expect(read(split(bytes, sizes))).toEqual(whole);
          expect(whole.whole).toBe(bytes.length);
        },
      ),
    );
  });

  it('never throws at garbage, and finds its way back to the next tag', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
        (garbage, sizes) => {
          const bytes = Buffer.concat([flvFileHeader, Buffer.from(garbage.map((byte) => byte | 0xe0))]);
          const after = Array.from({ length: 3 }, (_, index) =>
            flvTag(9, index, video(true, Buffer.alloc(60, index))),
          );
          const { tags, skipped } = read(split(Buffer.concat([bytes, ...after]), sizes));
          expect(tags.length).toBe(3);
          expect(skipped).toBe(garbage.length);
        },
      ),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2_000 }), (noise) => void read([Buffer.from(noise)])));
  });

  it('knows HEVC as codec 12 and by its FourCC, and Opus by its FourCC', () => {
    const heads: string[] = [];
    const reader = new FlvTagReader({
      tag: (head) => void heads.push(`${head.role} ${head.codec()}`),
      bytes() {},
      tagEnd() {},
      skipped() {},
    });
    reader.push(
      Buffer.concat([
        flvFileHeader,
        flvTag(9, 0, Buffer.from([0x1c, 0, 0, 0, 0, 1])),
        flvTag(9, 0, Buffer.from([0x1c, 1, 0, 0, 0, 1])),
        flvTag(9, 0, Buffer.concat([Buffer.from([0x90]), Buffer.from('hvc1'), Buffer.alloc(9)])),
        flvTag(9, 0, Buffer.concat([Buffer.from([0x91]), Buffer.from('hvc1'), Buffer.alloc(9)])),
        flvTag(9, 0, Buffer.concat([Buffer.from([0xa3]), Buffer.from('av01'), Buffer.alloc(9)])),
        flvTag(8, 0, Buffer.concat([Buffer.from([0x90]), Buffer.from('Opus'), Buffer.alloc(9)])),
        flvTag(8, 0, Buffer.concat([Buffer.from([0x91]), Buffer.from('Opus'), Buffer.alloc(9)])),
      ]),
    );
    expect(heads).toEqual([
      'config hevc',
      'key hevc',
      'config hevc',
      'key hevc',
      'frame av1',
      'config opus',
      'frame opus',
    ]);
  });

  it('reads back the numbers that it writes about itself', () => {
    const body = metaDataBody({ width: 1280, backlotBaseMs: -79 });
    expect(metaDataNumber(body, 'backlotBaseMs')).toBe(-79);
    expect(metaDataNumber(body, 'height')).toBeUndefined();
  });
});

/** Segments as a recorder would write them. */
function record(
  chunks: readonly { bytes: Buffer; wall: number }[],
  due: (ms: number) => 'no' | 'due' | 'part',
) {
  const segments: { start: SegmentStart; facts: SegmentFacts; parts: Buffer[] }[] = [];
  const media = new FlvMedia(
    {
      begin: (start) => void segments.push({ start, facts: start.facts, parts: [] }),
      write: (bytes) => void segments.at(-1)?.parts.push(bytes),
    },
    (ms) => due(ms),
  );
  for (const { bytes, wall } of chunks) media.push(Buffer.from(bytes), wall);
  return segments.map(({ start, facts, parts }) => ({ start, facts, bytes: Buffer.concat(parts) }));
}

/** Frames of segments on the source's clock. */
const framesOf = (segments: readonly { facts: SegmentFacts; bytes: Buffer }[]) =>
  segments.flatMap(({ facts, bytes }) =>
    readTags(bytes)
      .tags.filter(({ type, body }) => type !== 18 && body[1] === 1)
      .map(({ type, timestamp, body }) => ({
        type,
        ms: timestamp + facts.baseMs,
        body: body.toString('base64'),
      })),
  );

interface Frame {
  readonly ms: number;
  readonly key: boolean;
  readonly wall: number;
}
const stream = (frames: readonly Frame[], head: Buffer = videoConfig) => [
  {
    bytes: Buffer.concat([flvFileHeader, flvTag(9, 0, head), flvTag(8, 0, audioConfig)]),
    wall: frames[0]?.wall ?? 0,
  },
  ...frames.map(({ ms, key, wall }, index) => {
    const filler = Buffer.alloc(50, index % 251);
    filler.writeUInt32BE(index);
    return { bytes: flvTag(9, ms >>> 0, video(key, filler)), wall };
  }),
];
const steady = (count: number, from = 0, wall = from): Frame[] =>
  Array.from({ length: count }, (_, index) => ({
    ms: from + index * 40,
    key: index % 25 === 0,
    wall: wall + index * 40,
  }));

describe('recording FLV', () => {
  it('cuts at keyframes only and loses nothing', () => {
    const segments = record(stream(steady(200)), (ms) => (ms >= 2_000 ? 'due' : 'no'));
    expect(segments).toHaveLength(4);
    expect(framesOf(segments)).toHaveLength(200);
    for (const { facts, bytes } of segments) {
      expect(facts.startsWithKeyframe).toBe(true);
      expect(facts.videoFrames).toBe(50);
      expect(facts.wholeBytes).toBe(bytes.length);
      // Every file begins near its own zero.
      expect(readTags(bytes).tags.at(-1)?.timestamp).toBeLessThan(2_200);
    }
  });

  it('goes on over the ends of the counters, at 31 and at 32 bits', () => {
    for (const wrap of [2 ** 31, 2 ** 32]) {
      const frames = steady(100, wrap - 2_000, 0).map((frame) => ({ ...frame, ms: frame.ms % wrap }));
      const segments = record(stream(frames), () => 'no');
      expect(segments).toHaveLength(1);
      expect((segments[0]?.facts.lastMs ?? 0) - (segments[0]?.facts.firstMs ?? 0)).toBe(99 * 40);
    }
  });

  it('begins a new run where the clock jumps an hour ahead or back, and the file is never longer than real time', () => {
    for (const jump of [3_600_000, -3_600_000]) {
      const frames = steady(100, 4_000_000, 0).map((frame, index) =>
        index < 50 ? frame : { ...frame, ms: frame.ms + jump },
      );
      const segments = record(stream(frames), () => 'no');
      expect(segments.map(({ start }) => start.cause)).toEqual(['start', 'run']);
      for (const { facts } of segments) expect(facts.lastMs - facts.firstMs).toBe(49 * 40);
      expect(framesOf(segments)).toHaveLength(100);
    }
  });

  it('keeps a hole as long as it was, and says how long', () => {
    const before = steady(50);
    const after = steady(50, 50 * 40 + 3_000);
    const [segment, ...more] = record(stream([...before, ...after]), () => 'no');
    expect(more).toHaveLength(0);
    expect(segment?.facts.holes).toHaveLength(1);
    const [hole] = segment?.facts.holes ?? [];
    expect((hole?.toMs ?? 0) - (hole?.fromMs ?? 0)).toBeCloseTo(3_000, -1);
    expect(segment?.facts.lastMs).toBe(50 * 40 + 3_000 + 49 * 40);
  });

  it('leaves out a group of pictures that is sent again', () => {
    const frames = steady(100);
    const again = frames.slice(50, 75);
    const chunks = stream(frames);
    const repeated = chunks.slice(51, 51 + again.length);
    const segments = record([...chunks.slice(0, 78), ...repeated, ...chunks.slice(78)], () => 'no');
    expect(framesOf(segments)).toEqual(framesOf(record(chunks, () => 'no')));
  });

  it('says so when the decoder must be set up anew', () => {
    const other = Buffer.from([0x17, 0, 0, 0, 0, 1, 77, 0, 30, 0xff, 0xe0, 0]);
    const chunks = [...stream(steady(50)), ...stream(steady(50, 2_000), other).slice(0)];
    const segments = record(
      chunks.map(({ bytes, wall }, index) => ({ bytes: index === 51 ? bytes.subarray(13) : bytes, wall })),
      () => 'no',
    );
    expect(segments.map(({ start }) => start.cause)).toEqual(['start', 'config']);
    expect(segments[0]?.start.setup.video).not.toBe(segments[1]?.start.setup.video);
  });
});
