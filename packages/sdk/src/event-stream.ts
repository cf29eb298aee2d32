/** One message of a `text/event-stream`, as the HTML standard §9.2.6 dispatches it. */
export interface StreamMessage {
  /** The last `id:` seen, also by an earlier message; what `Last-Event-ID` resumes after. */
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/**
 * Reads server-sent events from pieces of text that may be cut anywhere, also inside a line ending. `feed`
 * returns the messages that a piece completes; `retryMs` is the pause that the server last asked for.
 */
export class EventStreamParser {
  retryMs: number | undefined;
  #rest = '';
  #atStart = true;
  #endedWithCr = false;
  #id = '';
  #event = '';
  #data: string[] = [];

  feed(piece: string): StreamMessage[] {
    let text = piece;
    if (this.#atStart && text.length > 0) {
      this.#atStart = false;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    // CR LF cut in two: the CR has already ended its line.
    if (this.#endedWithCr && text.startsWith('\n')) text = text.slice(1);
    if (text.length > 0) this.#endedWithCr = text.endsWith('\r');
    const lines = (this.#rest + text).split(/\r\n|\r|\n/);
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#line(line) ?? []);
  }

  #line(line: string): StreamMessage | undefined {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return undefined;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value);
    return undefined;
  }

  #dispatch(): StreamMessage | undefined {
    const message = { id: this.#id, event: this.#event || 'message', data: this.#data.join('\n') };
    const hasData = this.#data.length > 0;
    this.#event = '';
    this.#data = [];
    return hasData ? message : undefined;
  }
}
