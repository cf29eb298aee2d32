import { WebSocket } from 'ws';

/** A player as our page is one: it subscribes to what it is shown and answers the offer. */
export class BenchPlayer {
  /** From the first byte of the connection to the offer, milliseconds. */
  offerMs: number | undefined;
  session: { readonly sessionId: string; readonly token: string } | undefined;
  stream: string | undefined;
  /** Let in and shown its stream (a resumed one gets no offer). */
  isReady = false;
  closed: string | undefined;
  #socket: WebSocket | undefined;
  #waiting: (() => void)[] = [];

  connect(url: string): void {
    const begun = performance.now();
    this.isReady = false;
    this.closed = undefined;
    const socket = new WebSocket(url, { perMessageDeflate: false });
    this.#socket = socket;
    socket.on('error', (error) => this.#ended(error.message));
    socket.on('close', (code, reason) => this.#ended(`${code} ${reason}`));
    // As a page does: asked at once, answered when there is something to show.
    socket.on('open', () => socket.send('{"type":"listStreamers"}'));
    socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      if (message.type === 'backlot.session') this.session = message;
      else if (message.type === 'backlot.ready') {
        this.stream = message.stream;
        this.isReady = true;
      } else if (message.type === 'streamerList' && this.offerMs === undefined && message.ids.length > 0) {
        socket.send(JSON.stringify({ type: 'subscribe', streamerId: message.ids[0] }));
      } else if (message.type === 'offer') {
        this.offerMs ??= performance.now() - begun;
        socket.send('{"type":"answer","sdp":"v=0"}');
        // The picture runs: without it the instance would count as broken after a while.
        socket.send('{"type":"backlot.stats","framesDecoded":60}');
      } else return;
      this.#wake();
    });
  }

  say(message: object): void {
    this.#socket?.send(JSON.stringify(message));
  }

  /** Without a goodbye, as a network that breaks. */
  cut(): void {
    this.#socket?.terminate();
  }

  leave(): void {
    this.#socket?.close(1000);
  }

  async until(fits: () => boolean, signal: AbortSignal): Promise<void> {
    while (!fits()) {
      signal.throwIfAborted();
      if (this.closed !== undefined) throw new Error(`A player's socket was closed: ${this.closed}`);
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  #ended(why: string): void {
    this.closed ??= why;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
