import { systemClock } from '@backlot/contract/clock';
import type { FieldValue, StreamerMessage } from '../node/data-channel/messages.ts';
import type { ToStreamer } from '../node/data-channel/protocol.ts';
import { readFrameNumber } from '../node/demo/frame-code.ts';
import { PlayerConnection, type PlayerSignal } from '../node/peer/player-connection.ts';
import type { ConnectionState, VideoFrame } from '../node/webrtc/wrtc.ts';

/**
 * A person at a page, without either: joins like Epic's page (or, with `extensions=1` in the address, like ours), sees the
 * demo's frame numbers, and sends input. Load of the native library: 26 MB, once per test process.
 */
export interface HeadlessPlayer {
  /** Signals of the server, oldest first. */
  readonly signals: readonly PlayerSignal[];
  /** Messages on the data channel. */
  readonly messages: readonly StreamerMessage[];
  /** Frames that have arrived, with or without a number. */
  readonly frames: number;
  /** The number in the newest frame that had one. */
  readonly frameNumber: number | undefined;
  /** True when a later frame had a smaller number: the application was started anew. */
  readonly restarted: boolean;
  readonly lastFrame: VideoFrame | undefined;
  readonly state: ConnectionState;
  readonly channelOpen: boolean;
  /** How the socket has ended. */
  readonly socketClosed: { readonly code: number; readonly reason: string } | undefined;
  say(type: ToStreamer, values?: readonly FieldValue[]): boolean;
  /** Sends a command of the demo (`{"demo":"reset"}`) as a UIInteraction. */
  tellDemo(command: Record<string, unknown>): boolean;
  signal(message: PlayerSignal): void;
  dropSocket(): void;
  /** A new socket after the last one has ended; media stays as it is when the server lets it. */
  comeBack(url: string): void;
  close(code?: number): void;
}

export interface HeadlessOptions {
  readonly streamerId?: string;
  onSocketClosed?(code: number): void;
}

export function joinHeadless(url: string, options: HeadlessOptions = {}): HeadlessPlayer {
  const signals: PlayerSignal[] = [];
  const messages: StreamerMessage[] = [];
  let lastFrame: VideoFrame | undefined;
  let frameNumber: number | undefined;
  let restarted = false;
  let socketClosed: HeadlessPlayer['socketClosed'];
  const connection = new PlayerConnection({
    url,
    clock: systemClock,
    ...(options.streamerId === undefined ? {} : { streamerId: options.streamerId }),
    onSignal: (signal) => void signals.push(signal),
    onMessage: (message) => void messages.push(message),
    onFrame(frame) {
      lastFrame = frame;
      const number = frameNumberOf(frame);
      if (number === undefined) return;
      if (frameNumber !== undefined && number < frameNumber) restarted = true;
      frameNumber = number;
    },
    onSocketClosed(code, reason) {
      socketClosed = { code, reason };
      options.onSocketClosed?.(code);
    },
  });
  return {
    signals,
    messages,
    get frames() {
      return connection.frames;
    },
    get frameNumber() {
      return frameNumber;
    },
    get restarted() {
      return restarted;
    },
    get lastFrame() {
      return lastFrame;
    },
    get state() {
      return connection.state;
    },
    get channelOpen() {
      return connection.channelOpen;
    },
    get socketClosed() {
      return socketClosed;
    },
    say: (type, values) => connection.say(type, values),
    tellDemo: (command) => connection.say('UIInteraction', [JSON.stringify(command)]),
    signal: (message) => connection.signal(message),
    dropSocket: () => connection.dropSocket(),
    comeBack(nextUrl) {
      socketClosed = undefined;
      connection.comeBack(nextUrl);
    },
    close: (code) => connection.close(code),
  };
}

/** The number that the demo has drawn into a decoded frame. */
export function frameNumberOf({ width, height, data }: VideoFrame): number | undefined {
  return readFrameNumber(width, height, (x, y) => data[y * width + x] ?? 0);
}
