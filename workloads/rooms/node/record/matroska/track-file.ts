import { closeSync, openSync, writeSync } from 'node:fs';
import { element, float, idOf, longSize, text, unknownSize, unsigned } from './ebml.ts';
import { ids } from './elements.ts';

/** What a file of one track is told before the first frame. */
export interface TrackFormat {
  readonly codecId: 'V_VP8' | 'V_VP9' | 'V_MPEG4/ISO/AVC' | 'A_OPUS';
  readonly codecPrivate?: Buffer;
  readonly width?: number;
  readonly height?: number;
  readonly channels?: number;
}

/** A cluster is written when it spans so much, in milliseconds: what a kill may cost. */
export const clusterMs = 500;
/** Or when it has so many bytes. */
const clusterBytes = 2 * 1024 * 1024;

/**
 * Writes one track as Matroska (WebM where the codec allows), cluster by cluster, each whole and with its size. So the file can
 * be read to its last whole cluster whenever the writer is killed; the length is filled in at a good end.
 */
export class TrackFile {
  readonly #file: number;
  readonly #durationAt: number;
  readonly #segmentSizeAt: number;
  readonly #segmentFrom: number;
  #bytes: number;
  #cluster: Buffer[] = [];
  #clusterTime = 0;
  #clusterBytes = 0;
  #last = -1;
  #frames = 0;

  constructor(path: string, format: TrackFormat, startedAt: number) {
    const head = headerOf(format, startedAt);
    this.#file = openSync(path, 'wx', 0o640);
    writeSync(this.#file, head.bytes);
    this.#bytes = head.bytes.length;
    this.#durationAt = head.durationAt;
    this.#segmentSizeAt = head.segmentSizeAt;
    this.#segmentFrom = head.segmentSizeAt + 8;
  }

  get bytes(): number {
    return this.#bytes + this.#clusterBytes;
  }
  get frames(): number {
    return this.#frames;
  }
  /** Time of the last frame, in milliseconds; -1 before the first. */
  get last(): number {
    return this.#last;
  }

  /** Adds a frame at a time in milliseconds, which must be later than the one before; moved by 1 ms where it is not. */
  write(frame: { readonly data: Buffer; readonly key: boolean }, time: number): void {
    const at = Math.max(Math.round(time), this.#last + 1);
    const isFull = at - this.#clusterTime >= clusterMs || this.#clusterBytes >= clusterBytes;
    if (this.#cluster.length > 0 && isFull) this.flush();
    if (this.#cluster.length === 0) this.#clusterTime = at;
    const head = Buffer.alloc(4);
    head[0] = 0x81;
    head.writeInt16BE(at - this.#clusterTime, 1);
    head[3] = frame.key ? 0x80 : 0;
    const block = element(ids.simpleBlock, head, frame.data);
    this.#cluster.push(block);
    this.#clusterBytes += block.length;
    this.#last = at;
    this.#frames += 1;
  }

  /** Writes what has not reached the file yet. */
  flush(): void {
    if (this.#cluster.length === 0) return;
    const bytes = element(ids.cluster, unsigned(ids.timestamp, this.#clusterTime), ...this.#cluster);
    writeSync(this.#file, bytes);
    this.#bytes += bytes.length;
    this.#cluster = [];
    this.#clusterBytes = 0;
  }

  /** A good end: the length is known now. @param lastMs how long the last frame is shown. */
  close(lastMs: number): void {
    this.flush();
    const duration = Buffer.alloc(8);
    duration.writeDoubleBE(Math.max(0, this.#last + lastMs));
    writeSync(this.#file, duration, 0, 8, this.#durationAt);
    writeSync(this.#file, longSize(this.#bytes - this.#segmentFrom), 0, 8, this.#segmentSizeAt);
    closeSync(this.#file);
  }
}

function headerOf(format: TrackFormat, startedAt: number) {
  const isWebm = format.codecId !== 'V_MPEG4/ISO/AVC';
  const ebml = element(
    ids.ebml,
    unsigned(ids.ebmlVersion, 1),
    unsigned(ids.ebmlReadVersion, 1),
    unsigned(ids.ebmlMaxIdLength, 4),
    unsigned(ids.ebmlMaxSizeLength, 8),
    text(ids.docType, isWebm ? 'webm' : 'matroska'),
    unsigned(ids.docTypeVersion, 4),
    unsigned(ids.docTypeReadVersion, 2),
  );
  const segment = Buffer.concat([idOf(ids.segment), unknownSize]);
  const info = element(
    ids.info,
    // Milliseconds.
    unsigned(ids.timestampScale, 1_000_000),
    text(ids.muxingApp, 'Backlot'),
    text(ids.writingApp, 'Backlot'),
    element(ids.dateUtc, dateOf(startedAt)),
    // Last, so that its place is known: the final 8 bytes.
    float(ids.duration, 0),
  );
  const segmentSizeAt = ebml.length + 4;
  const durationAt = ebml.length + segment.length + info.length - 8;
  return { bytes: Buffer.concat([ebml, segment, info, tracksOf(format)]), segmentSizeAt, durationAt };
}

function tracksOf({ codecId, codecPrivate, width, height, channels }: TrackFormat): Buffer {
  const isAudio = codecId === 'A_OPUS';
  const entry = [
    unsigned(ids.trackNumber, 1),
    unsigned(ids.trackUid, 1),
    unsigned(ids.trackType, isAudio ? 2 : 1),
    unsigned(ids.flagLacing, 0),
    text(ids.codecId, codecId),
  ];
  if (isAudio) {
    entry.push(
      element(ids.codecPrivate, codecPrivate ?? opusHead(channels ?? 2)),
      unsigned(ids.codecDelay, 0),
      // 80 ms, as the Opus mapping wants it (RFC 9559 codec mappings).
      unsigned(ids.seekPreRoll, 80_000_000),
      element(ids.audio, float(ids.samplingFrequency, 48_000), unsigned(ids.channels, channels ?? 2)),
    );
  } else {
    if (codecPrivate) entry.push(element(ids.codecPrivate, codecPrivate));
    entry.push(
      element(ids.video, unsigned(ids.pixelWidth, width ?? 0), unsigned(ids.pixelHeight, height ?? 0)),
    );
  }
  return element(ids.tracks, element(ids.trackEntry, ...entry));
}

/** RFC 7845, 5.1: version 1, no pre-skip, 48 kHz, no gain, mapping family 0. */
function opusHead(channels: number): Buffer {
  const head = Buffer.alloc(19);
  head.write('OpusHead', 0, 'latin1');
  head[8] = 1;
  head[9] = channels;
  head.writeUInt32LE(48_000, 12);
  return head;
}

/** Nanoseconds since 2001 (RFC 9559, 5.1.2.11). */
function dateOf(ms: number): Buffer {
  const content = Buffer.alloc(8);
  content.writeBigInt64BE(BigInt(Math.round(ms - Date.UTC(2001, 0, 1))) * 1_000_000n);
  return content;
}
