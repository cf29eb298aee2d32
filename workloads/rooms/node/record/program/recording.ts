import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Clock } from '@backlot/contract/clock';
import type { RecordStatus, TrackSelection } from '../../../contract/tasks.ts';
import { FromHost, type FromRecorder, type ProducerNotice } from '../tap-protocol.ts';
import { openRtpPorts, type RtpPorts } from './rtp-ports.ts';
import { canRecord, TrackRecorder } from './track-recorder.ts';

/** A room whose host is not there for so long is over, in milliseconds. */
const patienceMs = 30_000;
const retryMs = 200;
/** What is in memory goes to the disk so often, in milliseconds. */
const flushMs = 500;

export interface RecordingParts {
  readonly workDir: string;
  readonly recordingId: string;
  readonly tap: string;
  readonly select: TrackSelection;
  /** Number of the next part of a track. */
  nextPart(producerId: string): number;
  readonly clock: Clock;
}

interface Track {
  readonly notice: ProducerNotice;
  readonly ports: RtpPorts;
  recorder: TrackRecorder | undefined;
}

/** Records a room until it is over or somebody stops it. */
export class Recording {
  readonly #parts: RecordingParts;
  readonly #tracks = new Map<string, Track>();
  readonly #opening = new Set<string>();
  #socket: Socket | undefined;
  #ended = false;
  #count = 0;

  constructor(parts: RecordingParts) {
    this.#parts = parts;
  }

  get tracks(): number {
    return this.#count;
  }

  get status(): RecordStatus {
    const all = [...this.#tracks.values()].flatMap(({ recorder }) => (recorder ? [recorder.status] : []));
    return {
      recording: all.some(({ writing }) => writing),
      tracks: all.map(({ writing: _, ...track }) => track),
    };
  }

  /** Resolves with why it ended. All parts are whole then. */
  async run(signal: AbortSignal): Promise<'stopped' | 'room'> {
    const { clock } = this.#parts;
    const flushing = setInterval(() => {
      for (const { recorder } of this.#tracks.values()) recorder?.flush();
    }, flushMs);
    const onAbort = () => this.#socket?.destroy();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      let lastSeen = clock.monotonic();
      while (!signal.aborted && !this.#ended) {
        if (await this.#listen(signal)) lastSeen = clock.monotonic();
        if (clock.monotonic() - lastSeen > patienceMs) return 'room';
        if (!this.#ended) await clock.sleep(retryMs, signal).catch(() => {});
      }
      return this.#ended ? 'room' : 'stopped';
    } finally {
      signal.removeEventListener('abort', onAbort);
      clearInterval(flushing);
      for (const producerId of [...this.#tracks.keys()]) this.#finish(producerId);
    }
  }

  /** Follows the host until the connection ends. True: there was one. */
  #listen(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve(false);
      const socket = connect(this.#parts.tap);
      let wasThere = false;
      socket.once('connect', () => {
        wasThere = true;
      });
      socket.on('error', () => socket.destroy());
      const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY });
      lines.on('error', () => {});
      lines.on('line', (line) => this.#hear(line));
      socket.once('close', () => {
        this.#socket = undefined;
        // Its transports went with the connection: what comes next is another part.
        for (const producerId of [...this.#tracks.keys()]) this.#finish(producerId);
        resolve(wasThere);
      });
      this.#socket = socket;
    });
  }

  #hear(line: string): void {
    let message: FromHost;
    try {
      message = FromHost.parse(JSON.parse(line));
    } catch {
      this.#socket?.destroy();
      return;
    }
    if (message.t === 'producer') {
      if (wants(this.#parts.select, message)) void this.#open(message).catch(() => {});
    } else if (message.t === 'taken') this.#begin(message);
    else if (message.t === 'end') this.#ended = true;
    else this.#finish(message.producerId);
  }

  async #open(notice: ProducerNotice): Promise<void> {
    const { producerId } = notice;
    if (this.#tracks.has(producerId) || this.#opening.has(producerId)) return;
    this.#opening.add(producerId);
    try {
      const ports = await openRtpPorts(
        (datagram) => this.#tracks.get(producerId)?.recorder?.rtp(datagram),
        (datagram) => this.#tracks.get(producerId)?.recorder?.rtcp(datagram),
      );
      if (!this.#socket) return ports.close();
      this.#tracks.set(producerId, { notice, ports, recorder: undefined });
      this.#say({ t: 'take', producerId, port: ports.port, rtcpPort: ports.port + 1 });
    } finally {
      this.#opening.delete(producerId);
    }
  }

  #begin({ producerId, rtpParameters }: Extract<FromHost, { t: 'taken' }>): void {
    const track = this.#tracks.get(producerId);
    if (!track) return;
    const { workDir, recordingId, clock } = this.#parts;
    track.recorder = new TrackRecorder({
      workDir,
      recordingId,
      producer: track.notice,
      ssrc: rtpParameters.encodings?.[0]?.ssrc,
      firstPart: this.#parts.nextPart(producerId),
      clock,
      askKeyFrame: () => this.#say({ t: 'keyFrame', producerId }),
    });
    this.#count += 1;
    this.#say({ t: 'go', producerId });
  }

  #finish(producerId: string): void {
    const track = this.#tracks.get(producerId);
    if (!track) return;
    this.#tracks.delete(producerId);
    track.ports.close();
    track.recorder?.finish();
  }

  #say(message: FromRecorder): void {
    if (this.#socket?.writable) this.#socket.write(`${JSON.stringify(message)}\n`);
  }
}

/** Whether a track is to be recorded. */
export function wants(select: TrackSelection, notice: ProducerNotice): boolean {
  const { producerIds, owners, kinds } = select;
  if (!canRecord(notice.mimeType)) return false;
  return (
    (producerIds?.includes(notice.producerId) ?? true) &&
    (owners?.includes(notice.owner) ?? true) &&
    (kinds?.includes(notice.kind) ?? true)
  );
}
