import type { StreamStats } from './arrival.ts';
import type { StreamRole } from './wire.ts';

/** Where a session stands, as a page would draw it. */
export type StreamPhase =
  /** The socket is being opened for the first time. */
  | 'connecting'
  | 'queued'
  /** An instance of the application is being started, or the picture is on its way. */
  | 'starting'
  | 'playing'
  /** The picture is there, and the browser plays it only after a click: call `play()` from the click. */
  | 'blocked'
  /** The connection broke and is being made anew; the last picture stays. */
  | 'reconnecting'
  | 'ended';

/** What a {@link StreamSession} tells. Names are stable; times are milliseconds. */
export interface StreamEvents {
  /** Every change of phase, after the event that caused it. */
  readonly phase: { readonly phase: StreamPhase };
  /** The server knows this player; `sessionId` is what its operators see. */
  readonly session: { readonly sessionId: string | null; readonly playerId: string };
  readonly queued: {
    /** 1 is next. */
    readonly position: number;
    readonly waitedMs: number;
    /** Null when nobody can tell. */
    readonly estimateMs: number | null;
  };
  /** `progress` is how many of the steps `placing`, `starting`, `connecting` are done, 0 to 1. */
  readonly starting: { readonly progress: number; readonly step: string };
  /** An instance is there for this session; the media connection is made now. */
  readonly ready: Record<never, never>;
  /** The first picture is on the screen, also after a reconnect. */
  readonly playing: { readonly muted: boolean; readonly width: number; readonly height: number };
  /** The browser plays nothing without a click. */
  readonly blocked: Record<never, never>;
  /** Sound is off or on, by the page or because the browser allows no sound without a click. */
  readonly muted: { readonly muted: boolean; readonly byBrowser: boolean };
  readonly role: {
    readonly role: StreamRole;
    readonly controllers: number;
    readonly viewers: number;
  };
  /** Somebody who watches would like to control. The answer is `handOver(by)`, or none. */
  readonly controlWanted: { readonly by: string; readonly name: string };
  /** The server did not do something that was asked for. `message` is a sentence in English. */
  readonly refused: { readonly code: string; readonly message: string };
  /** The server will end the session; null takes it back. `stay()` is the answer to `idle`. */
  readonly warning: { readonly why: 'idle' | 'limit'; readonly endsInMs: number | null };
  readonly reconnecting: { readonly attempt: number; readonly afterMs: number };
  /** Final. `code` is stable and never changes its meaning. */
  readonly ended: { readonly reason: string; readonly code: string; readonly message: string };
  /** What the application sent (`Response` of Unreal's data channel). */
  readonly response: { readonly text: string };
  /** The application wants text, on a device without keys: answer with `sendText`. */
  readonly textWanted: { readonly wanted: boolean; readonly contents: string };
  /** Every second while connected. */
  readonly stats: StreamStats;
}
