import { closeSync, openSync, readSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { firstUnits } from '../codecs/first-units.ts';
import { ProgramTables } from '../ts/program-tables.ts';
import { shiftPacket } from '../ts/shift-packet.ts';
import { pesBody, pesTime, SYNC, TS_PACKET } from '../ts/ts-packet.ts';
import { BatchWriter } from './batch-writer.ts';
import { FilmClock } from './film-clock.ts';
import type { JoinedPart } from './joined.ts';
import type { JoinPart, JoinRun, JoinSegment } from './plan-join.ts';

/** The film begins here on its own clock, so that what is decoded a little before the first picture has a time too. */
const HEAD_START_MS = 1_400;
const READ_PACKETS = 5_000;

/** Writes a part as one transport stream: the bytes of its segments one behind the other, on one clock that keeps every hole. */
export async function joinTs(part: JoinPart, out: Writable): Promise<JoinedPart> {
  const writer = new BatchWriter(out);
  const walk = new TsWalk();
  let zero: number | undefined;
  for (const run of part.runs) {
    for (const segment of run.segments) {
      zero ??= segment.firstMs + run.offsetMs;
      for (const bytes of readPackets(segment)) {
        walk.read(bytes, segment, run, zero);
        await writer.put(bytes);
      }
    }
  }
  await writer.flush();
  const { clock, videoFrames, leading } = walk;
  return {
    part: part.part,
    zeroMs: zero ?? 0,
    videoFrames,
    audioFrames: undefined,
    durationMs: clock.endMs,
    gaps: clock.gaps,
    lossMs: clock.lossMs,
    leading,
    repeated: 0,
    fromSpares: 0,
    disordered: 0,
  };
}

/** Whole packets of a file. */
function* readPackets(segment: JoinSegment): Generator<Buffer> {
  const fd = openSync(segment.path, 'r');
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(READ_PACKETS * TS_PACKET);
      const length = readSync(fd, chunk, 0, chunk.length, null);
      const whole = length - (length % TS_PACKET);
      if (whole === 0) return;
      yield chunk.subarray(0, whole);
      if (length < chunk.length) return;
    }
  } finally {
    closeSync(fd);
  }
}

/** Counts frames and moves times. */
class TsWalk {
  readonly clock = new FilmClock();
  readonly #tables = new ProgramTables();
  #marksKeys = false;
  #started = false;
  #newest = new Map<string, number>();
  videoFrames = 0;
  leading = 0;

  read(bytes: Buffer, segment: JoinSegment, run: JoinRun, zero: number): void {
    const moveMs = segment.baseMs + run.offsetMs - zero;
    const by = Math.round((moveMs + HEAD_START_MS) * 90);
    for (let at = 0; at + TS_PACKET <= bytes.length; at += TS_PACKET) {
      if (bytes[at] !== SYNC) continue;
      const pid = (((bytes[at + 1] ?? 0) & 0x1f) << 8) | (bytes[at + 2] ?? 0);
      const starts = ((bytes[at + 1] ?? 0) & 0x40) !== 0;
      const control = ((bytes[at + 3] ?? 0) >> 4) & 3;
      const payload = at + (control & 2 ? 5 + (bytes[at + 4] ?? 0) : 4);
      if (this.#tables.isTable(pid)) {
        if (control & 1 && payload < at + TS_PACKET)
          this.#tables.read(pid, bytes.subarray(at, at + TS_PACKET), payload - at, starts);
        continue;
      }
      const stream = this.#tables.streams.get(pid);
      if (stream && starts && control & 1) {
        const time = pesTime(bytes, payload, at + TS_PACKET);
        const marked = (control & 2) !== 0 && ((bytes[at + 5] ?? 0) & 0x40) !== 0;
        if (time !== undefined)
          this.#frame(
            stream,
            bytes,
            at,
            payload,
            marked,
            time / 90 + moveMs,
            run.anchor - run.offsetMs + zero,
          );
      }
      shiftPacket(bytes, at, by);
    }
  }

  #frame(
    { kind, codec }: { kind: 'video' | 'audio'; codec: string },
    bytes: Buffer,
    at: number,
    payload: number,
    marked: boolean,
    ms: number,
    wallOfZero: number,
  ): void {
    if (kind === 'video') {
      if (marked) this.#marksKeys = true;
      const end = at + TS_PACKET;
      const key =
        marked ||
        (!this.#marksKeys && firstUnits(codec, bytes, Math.min(end, pesBody(bytes, payload)), end).key);
      if (key) this.#started = true;
      if (this.#started) this.videoFrames += 1;
      else this.leading += 1;
    }
    const before = this.#newest.get(kind) ?? Number.NEGATIVE_INFINITY;
    if (ms <= before) return;
    this.#newest.set(kind, ms);
    // Sound comes in bundles, long before or after the picture beside it: holes are looked for in the picture.
    if (kind === 'video' || ![...this.#tables.streams.values()].some((other) => other.kind === 'video'))
      this.clock.see(kind === 'video' ? 9 : 8, ms, ms + wallOfZero);
  }
}
