/** As much of protoo's client as our tests use; the package brings no types. */
declare module 'protoo-client' {
  export interface PeerEvents {
    open: () => void;
    failed: (attempt: number) => void;
    disconnected: () => void;
    close: () => void;
    notification: (notification: { method: string; data: Record<string, unknown> }) => void;
    request: (
      request: { method: string; data: Record<string, unknown> },
      accept: (data?: object) => void,
      reject: (code: number, reason: string) => void,
    ) => void;
  }
  export class WebSocketTransport {
    constructor(url: string, options?: { retry?: { retries: number } });
  }
  export class Peer {
    constructor(transport: WebSocketTransport);
    readonly connected: boolean;
    readonly closed: boolean;
    on<E extends keyof PeerEvents>(event: E, listener: PeerEvents[E]): this;
    once<E extends keyof PeerEvents>(event: E, listener: PeerEvents[E]): this;
    request(method: string, data?: object): Promise<unknown>;
    notify(method: string, data?: object): Promise<void>;
    close(): void;
  }
  const protoo: { Peer: typeof Peer; WebSocketTransport: typeof WebSocketTransport };
  export default protoo;
}
