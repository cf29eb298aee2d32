/**
 * What carries the envelopes of one link: a WebSocket, or a poll session. Everything above is the same for both.
 */
export interface LinkTransport {
  readonly kind: 'websocket' | 'poll';
  /** Where the node calls from, for logs and audit. */
  readonly address: string;
  /** Hands a message over. False when the queue to the node is full: the node does not read fast enough. */
  send(text: string): boolean;
  /** Stops taking in messages, so that a flood waits on the sender's side. */
  pause(): void;
  resume(): void;
  /** Asks for a sign of life, if the transport has one of its own. */
  ping(): void;
  /** Ends the link; what was handed over before still goes out if it can. */
  close(code: number, reason: string): void;
}

/** What a transport tells the session that runs over it. Each may be called until `closed`, which comes once. */
export interface TransportEvents {
  /** `text` is one message as it arrived, at most `linkMaxBytes` long. */
  message(text: string): void;
  /** A sign of life that is not a message. */
  alive(): void;
  closed(code: number, reason: string): void;
}
