import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@backlot/contract/clock';
import { TrackFile, type TrackFormat } from '../matroska/track-file.ts';
import type { Depacketizer, MediaFrame } from '../rtp/frames.ts';
import { H264Depacketizer } from '../rtp/h264.ts';
import { parseRtp, parseSenderReports, Unwrapper } from '../rtp/packet.ts';
import { type OrderedPacket, Reorder } from '../rtp/reorder.ts';
import { vp8Depacketizer } from '../rtp/vp8.ts';
import { vp9Depacketizer } from '../rtp/vp9.ts';
import type { ProducerNotice } from '../tap-protocol.ts';
import {
  clockFile,
  type OpenPart,
  openFile,
  readReports,
  reportsFile,
  trackFolder,
  type WholePart,
  wholeFile,
  writeWhole,
} from './part-files.ts';

/** RTP time that departs so far from the wall clock is another timeline: the part ends. Milliseconds. */
const jumpMs = 10_000;
/** Between two requests for a key frame, in milliseconds. */
const keyFrameEveryMs = 1_000;

const codecs = {
  'audio/opus': { codecId: 'A_OPUS', clockRate: 48_000, extension: 'webm' },
  'video/vp8': { codecId: 'V_VP8', clockRate: 90_000, extension: 'webm' },
  'video/vp9': { codecId: 'V_VP9', clockRate: 90_000, extension: 'webm' },
  'video/h264': { codecId: 'V_MPEG4/ISO/AVC', clockRate: 90_000, extension: 'mkv' },
} as const;

/** Whether tracks of this codec can be recorded. */
export const canRecord = (mimeType: string) => mimeType.toLowerCase() in codecs;

export interface TrackRecorderParts {
  readonly workDir: string;
  readonly recordingId: string;
  readonly producer: ProducerNotice;
  /** Of the stream that is recorded; others (probation) are none of ours. */
  readonly ssrc: number | undefined;
  /** Number of its first part. */
  readonly firstPart: number;
  readonly clock: Clock;
  askKeyFrame(): void;
}

interface Part {
  readonly number: number;
  readonly file: TrackFile;
  readonly open: OpenPart;
  readonly lostBefore: number;
  readonly codecPrivate: string | undefined;
  packets: number;
  endedAt: number;
}

/** Turns the packets of one track into files, one for each part. */
export class TrackRecorder {
  readonly #parts: TrackRecorderParts;
  readonly #codec: (typeof codecs)[keyof typeof codecs];
  readonly #folder: string;
  readonly #reorder = new Reorder();
  readonly #depacketizer: Depacketizer | undefined;
  #unwrap = new Unwrapper(32);
  #part: Part | undefined;
  #nextPart: number;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** Pictures are dropped until one stands for itself. */
  #waitsForKey = true;

  constructor(parts: TrackRecorderParts) {
    const mimeType = parts.producer.mimeType.toLowerCase();
    this.#parts = parts;
    this.#codec = codecs[mimeType as keyof typeof codecs];
    this.#folder = join(parts.workDir, trackFolder(parts.producer.producerId));
    this.#nextPart = parts.firstPart;
    this.#depacketizer =
      mimeType === 'video/vp8'
        ? vp8Depacketizer()
        : mimeType === 'video/vp9'
          ? vp9Depacketizer()
          : mimeType === 'video/h264'
            ? new H264Depacketizer()
            : undefined;
    mkdirSync(this.#folder, { recursive: true });
  }

  get status() {
    const { producerId, owner, kind } = this.#parts.producer;
    const part = this.#part;
    return {
      producerId,
      owner,
      kind,
      part: part?.number ?? this.#nextPart,
      bytes: part?.file.bytes ?? 0,
      durationMs: Math.max(0, part?.file.last ?? 0),
      writing: part !== undefined,
    };
  }

  rtp(datagram: Buffer): void {
    const packet = parseRtp(datagram);
    const { ssrc, clock } = this.#parts;
    if (!packet || (ssrc !== undefined && packet.ssrc !== ssrc)) return;
    for (const ordered of this.#reorder.take(packet, clock.monotonic())) this.#take(ordered);
  }

  rtcp(datagram: Buffer): void {
    const part = this.#part;
    if (!part) return;
    for (const report of parseSenderReports(datagram)) {
      const line = JSON.stringify({ ...report, at: this.#parts.clock.now() });
      appendFileSync(join(this.#folder, reportsFile(part.number)), `${line}\n`);
    }
  }

  /** Brings to the disk what is not there yet. */
  flush(): void {
    this.#part?.file.flush();
  }

  /** The track has ended. */
  finish(): void {
    for (const ordered of this.#reorder.flush()) this.#take(ordered);
    this.#endPart();
  }

  #take(packet: OrderedPacket): void {
    if (this.#part) this.#part.packets += 1;
    if (packet.payload.length === 0) return;
    if (!this.#depacketizer) {
      this.#frame({ timestamp: packet.timestamp, key: true, data: Buffer.from(packet.payload) });
      return;
    }
    const { frame, broken } = this.#depacketizer.take(packet);
    // What follows a hole refers to what was in it.
    if (broken) this.#waitsForKey = true;
    if (frame?.key) this.#waitsForKey = false;
    if (frame && !this.#waitsForKey) this.#frame(frame);
    else if (this.#waitsForKey) this.#ask();
  }

  #ask(): void {
    const now = this.#parts.clock.monotonic();
    if (now - this.#askedAt < keyFrameEveryMs) return;
    this.#askedAt = now;
    this.#parts.askKeyFrame();
  }

  #frame(frame: MediaFrame): void {
    const now = this.#parts.clock.now();
    const part = this.#part;
    const rtp = this.#unwrap.take(frame.timestamp);
    if (part) {
      const time = this.#timeOf(part, rtp);
      const changed = frame.codecPrivate && frame.codecPrivate.toString('base64') !== part.codecPrivate;
      if (!changed && Math.abs(time - (now - part.open.startedAt)) < jumpMs && time >= 0) {
        part.file.write(frame, time);
        part.endedAt = now;
        return;
      }
      this.#endPart();
    }
    if (!frame.key) {
      this.#waitsForKey = true;
      this.#ask();
      return;
    }
    this.#beginPart(frame, now);
  }

  #timeOf(part: Part, rtp: number): number {
    return ((rtp - part.open.firstRtp) / this.#codec.clockRate) * 1_000;
  }

  #beginPart(frame: MediaFrame, now: number): void {
    const { producer, recordingId } = this.#parts;
    const { codecId, clockRate, extension } = this.#codec;
    if (codecId === 'V_MPEG4/ISO/AVC' && !frame.codecPrivate) {
      this.#waitsForKey = true;
      this.#ask();
      return;
    }
    this.#unwrap = new Unwrapper(32);
    const number = this.#nextPart++;
    const open: OpenPart = {
      recordingId,
      producerId: producer.producerId,
      owner: producer.owner,
      kind: producer.kind,
      source: producer.source,
      codec: producer.mimeType,
      part: number,
      startedAt: now,
      width: frame.width ?? null,
      height: frame.height ?? null,
      file: `part-${number}.${extension}`,
      clockRate,
      firstRtp: this.#unwrap.take(frame.timestamp),
    };
    const format: TrackFormat = {
      codecId,
      ...(frame.codecPrivate ? { codecPrivate: frame.codecPrivate } : {}),
      ...(frame.width === undefined ? {} : { width: frame.width }),
      ...(frame.height === undefined ? {} : { height: frame.height }),
    };
    writeWhole(join(this.#folder, openFile(number)), open);
    const file = new TrackFile(join(this.#folder, open.file), format, now);
    file.write(frame, 0);
    this.#part = {
      number,
      file,
      open,
      lostBefore: this.#reorder.lost,
      codecPrivate: frame.codecPrivate?.toString('base64'),
      packets: 1,
      endedAt: now,
    };
  }

  #endPart(): void {
    const part = this.#part;
    if (!part) return;
    this.#part = undefined;
    const { number, file, open, packets, endedAt, lostBefore } = part;
    const { file: name, clockRate, firstRtp, ...known } = open;
    const perFrame = file.frames > 1 ? file.last / (file.frames - 1) : 0;
    file.close(perFrame);
    const clock = clockFile(number);
    writeWhole(
      join(this.#folder, clock),
      readReports(join(this.#folder, reportsFile(number)), clockRate, firstRtp),
    );
    const whole: WholePart = {
      facts: {
        ...known,
        endedAt,
        durationMs: Math.max(0, file.last + perFrame),
        packets,
        lost: this.#reorder.lost - lostBefore,
        frames: file.frames,
        cutOff: false,
      },
      file: name,
      clock,
    };
    writeWhole(join(this.#folder, wholeFile(number)), whole);
    rmSync(join(this.#folder, openFile(number)), { force: true });
  }
}
