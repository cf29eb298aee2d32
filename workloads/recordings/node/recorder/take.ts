import { FlvMedia } from '../flv/flv-media.ts';
import { Fmp4Media } from '../fmp4/fmp4-media.ts';
import type { SourceConnection, SourceContainer, SourceEnd, SourceMark } from '../source-port.ts';
import { TsMedia } from '../ts/ts-media.ts';
import type { CutRule, MediaOutput, MediaReader, SegmentStart } from './media.ts';
import type { TakeWriter } from './take-writer.ts';
import type { Stall, Watchdog } from './watchdog.ts';

export interface TakeOptions {
  readonly connection: SourceConnection;
  readonly wall: () => number;
  readonly cut: CutRule;
  /** The first media of the connection is there: the take begins now. */
  readonly begin: () => TakeWriter;
  readonly onEnd: (end: SourceEnd) => void;
  /** Something was read from the source. */
  readonly onRead: () => void;
  /** Live bytes of the segment in work, for whoever looks on. */
  readonly onBytes: (bytes: Buffer, begins: SegmentStart | undefined) => void;
}

/** Makes the reader of a container. */
export function mediaReader(container: SourceContainer, output: MediaOutput, cut: CutRule): MediaReader {
  if (container === 'flv') return new FlvMedia(output, cut);
  return container === 'ts' ? new TsMedia(output, cut) : new Fmp4Media(output, cut);
}

/** One connection and what becomes of its bytes, from its opening to its end. */
export class Take implements MediaOutput {
  readonly #options: TakeOptions;
  readonly #reader: MediaReader;
  readonly #watchdog: Watchdog;
  readonly openedAt: number;
  #writer: TakeWriter | undefined;
  #bytesAt: number;
  #over = false;
  #begins: SegmentStart | undefined;
  /** Bytes received. */
  received = 0;

  constructor(options: TakeOptions, watchdog: Watchdog) {
    this.#options = options;
    this.#watchdog = watchdog;
    this.openedAt = options.wall();
    this.#bytesAt = this.openedAt;
    this.#reader = mediaReader(options.connection.container, this, options.cut);
  }

  get writer(): TakeWriter | undefined {
    return this.#writer;
  }

  get container(): SourceContainer {
    return this.#options.connection.container;
  }

  get address(): string {
    return this.#options.connection.facts.address;
  }

  /** When the newest bytes came. */
  get bytesAt(): number {
    return this.#bytesAt;
  }

  start(): void {
    const { connection } = this.#options;
    connection.start({
      data: (chunk) => this.#data(chunk),
      mark: (mark) => this.#mark(mark),
      end: (end) => this.#finish(end),
    });
  }

  begin(start: SegmentStart): void {
    this.#writer ??= this.#options.begin();
    this.#writer.wall = this.#bytesAt;
    this.#writer.begin(start);
    this.#begins = start;
  }

  write(bytes: Buffer): void {
    this.#writer?.write(bytes);
    this.#options.onBytes(bytes, this.#begins);
    this.#begins = undefined;
  }

  /** Once a second. @returns what is wrong, where another connection is the better answer. */
  judge(): Stall | 'broken' | undefined {
    const { connection, wall } = this.#options;
    if (this.#reader.complaint !== undefined) return 'broken';
    return this.#watchdog.judge({
      now: wall(),
      openedAt: this.openedAt,
      bytesAt: this.#bytesAt,
      silenceMs: connection.silenceMs ?? 5_000,
      newestMs: this.#reader.newestMs,
      keyframeAt: this.#reader.keyframeWall,
    });
  }

  /** Lets go of the connection and closes what was written. */
  async end(): Promise<void> {
    this.#over = true;
    this.#options.connection.close();
    await this.#writer?.end();
  }

  #data(chunk: Buffer): void {
    if (this.#over || chunk.length === 0) return;
    const now = this.#options.wall();
    this.#bytesAt = now;
    this.received += chunk.length;
    if (this.#writer) this.#writer.wall = now;
    this.#reader.push(chunk, now);
    this.#writer?.arrived(this.#reader.newestMs);
    this.#options.onRead();
    if (this.#reader.complaint !== undefined) this.#finish({ why: 'failed', reason: this.#reader.complaint });
  }

  #mark(mark: SourceMark): void {
    if (this.#over) return;
    this.#reader.mark(mark);
    if (mark.mark === 'position') this.#writer?.position(mark.token);
  }

  #finish(end: SourceEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.onEnd(end);
  }
}
