/** What carries envelopes to the control plane: a WebSocket, or polling over plain HTTP. */
export interface Transport {
  readonly kind: 'websocket' | 'poll';
  /** Hands a message over. False when it can't be taken now; it is then lost. */
  send(text: string): boolean;
  close(): void;
}

export interface TransportEvents {
  message(text: string): void;
  /** Comes once, also when the transport never opened. */
  closed(end: TransportEnd): void;
}

export interface TransportEnd {
  readonly code: number;
  readonly reason: string;
  /**
   * The control plane answers, but not as this transport: something in between lets it not through. After some of
   * these the other transport is tried.
   */
  readonly blocked: boolean;
}

/** Opens a transport; messages may arrive at once. */
export type OpenTransport = (events: TransportEvents) => Transport;
