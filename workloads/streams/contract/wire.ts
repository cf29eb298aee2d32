/**
 * Epic's pixel-streaming protocol as far as a server writes it: one JSON object per WebSocket frame. The schema file is
 * the same in UE 5.5 to 5.8; what older engines do differently is said where it matters.
 *
 * What passes through (offers, answers, candidates) has no types here on purpose: the server reads `type` and
 * `playerId` and hands the bytes on.
 */

/** Version of the protocol that we speak, sent in `config`. Streamers send any value, so theirs is never judged. */
export const PROTOCOL_VERSION = '1.3.0';

/** What a browser's `RTCPeerConnection` is made with. `urls` is always a list: Epic's page walks over it. */
export interface PeerConnectionOptions {
  readonly iceServers: readonly {
    readonly urls: readonly string[];
    readonly username?: string;
    readonly credential?: string;
  }[];
  readonly iceTransportPolicy?: 'relay';
}

/** Every message that the server itself writes, in the form that Epic's strict validator accepts. */
export type ServerMessage =
  /** Once per socket: Epic's page makes its peer connection on it, and breaks when it comes again. */
  | {
      readonly type: 'config';
      readonly peerConnectionOptions: PeerConnectionOptions;
      readonly protocolVersion: string;
    }
  /** Asks a streamer for its `endpointId`. Engines before 5.2 don't know it. */
  | { readonly type: 'identify' }
  | { readonly type: 'endpointIdConfirm'; readonly committedId: string }
  /** In reply to `listStreamers`, and unasked when the instance of a player is ready. */
  | { readonly type: 'streamerList'; readonly ids: readonly string[] }
  /** Epic's page stops reconnecting on it. The socket stays open. */
  | { readonly type: 'subscribeFailed'; readonly message: string }
  /**
   * Tells a streamer to make an offer. `sendOffer: false` (5.2 and later) is left out unless it is the page that offers,
   * because strict readers of 1.3.0 don't know the field.
   */
  | {
      readonly type: 'playerConnected';
      readonly playerId: string;
      readonly dataChannel: boolean;
      readonly sfu: boolean;
      readonly sendOffer?: false;
    }
  | { readonly type: 'playerDisconnected'; readonly playerId: string }
  | { readonly type: 'pong'; readonly time: number };

/** Messages of a player that go to the streamer, with the player's id in them. */
export const playerRelayed: ReadonlySet<string> = new Set([
  'offer',
  'answer',
  'iceCandidate',
  'layerPreference',
]);

/** Messages of a streamer that go to the player that they name. */
export const streamerRelayed: ReadonlySet<string> = new Set([
  'offer',
  'answer',
  'iceCandidate',
  'layerPreference',
  'warning',
]);

/**
 * Why a socket is closed, always with a sentence. What Epic's page makes of the code: after 1001 it stays away, after
 * any other it comes back in 2 seconds, three times at most. Media does not depend on the socket.
 */
export const closeCodes = {
  /** It is over: session ended, kicked, limit reached, replaced by another socket. Don't come back. */
  over: 1001,
  /** Bytes that break the WebSocket protocol or its UTF-8; sent by the socket library itself. */
  malformed: 1007,
  /** Refused: ticket, frame or pace. The same again is refused again. */
  refused: 1008,
  /** A message over the limit; sent by the socket library itself. */
  tooLarge: 1009,
  /** A fault of ours, or the application asked for the player to be disconnected (`disconnectPlayer`). */
  fault: 1011,
  /** Come back at once: the control plane restarts, the session moved, the role changed. */
  comeBack: 1012,
  /** Full, or the other end is too slow. Try later. */
  later: 1013,
} as const;
export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];

/**
 * A player's id as a key. Ours are decimal strings below 2^31, because engines up to 5.1 answer with numbers; both are
 * the same player. Undefined for anything else.
 */
export function playerIdOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value.length > 0 && value.length <= 32 ? value : undefined;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? String(value) : undefined;
}
