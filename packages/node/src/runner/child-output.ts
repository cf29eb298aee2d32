import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Clock } from '@backlot/contract/clock';
import type { LaunchFile } from '@backlot/contract/runner/files';
import type { LogStream } from '../logs/segment-name.ts';
import { SegmentedLog } from '../logs/segmented-log.ts';

/** How long pipes may stay open after the tree has ended, in milliseconds. Nobody of ours holds them then. */
const drainMs = 2_000;
/** How much of stderr is kept for the message of a failed start, in bytes. */
const headBytes = 2_000;

export interface ChildOutputOptions {
  /** Folder of the logs. */
  readonly folder: string;
  readonly limits: LaunchFile['logs'];
  readonly clock: Clock;
  /** Something was printed. */
  onHeard(): void;
}

/** What a child prints, on its way to the log files. */
export class ChildOutput {
  readonly #options: ChildOutputOptions;
  readonly #logs: Record<LogStream, SegmentedLog>;
  #stderrHead = Buffer.alloc(0);
  #kept: Promise<unknown> = Promise.resolve();

  constructor(options: ChildOutputOptions) {
    this.#options = options;
    const { folder, limits, clock } = options;
    const log = (stream: LogStream) => new SegmentedLog({ folder, stream, ...limits, clock });
    this.#logs = { stdout: log('stdout'), stderr: log('stderr') };
  }

  /** Bytes printed so far, and how many of them the disk did not take. */
  get counts(): { stdout: number; stderr: number; dropped: number } {
    const { stdout, stderr } = this.#logs;
    return { stdout: stdout.position, stderr: stderr.position, dropped: stdout.dropped + stderr.dropped };
  }

  /** The first bytes of stderr, as text. */
  get stderrHead(): string {
    return this.#stderrHead.toString('utf8');
  }

  /** Begins to read. */
  follow(child: ChildProcess): void {
    this.#kept = Promise.all([this.#keep(child.stdout, 'stdout'), this.#keep(child.stderr, 'stderr')]);
  }

  /** After the end: waits for the rest, but not for ever, and closes the files. */
  async drain(child: ChildProcess): Promise<void> {
    const cancel = this.#options.clock.after(drainMs, () => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    });
    await this.#kept;
    cancel();
    await Promise.all([this.#logs.stdout.close(), this.#logs.stderr.close()]);
  }

  /** Writes a stream to its log until it ends. Waiting for the disk before reading on is what slows down a flood. */
  async #keep(stream: Readable | null, name: LogStream): Promise<void> {
    if (!stream) return;
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        this.#options.onHeard();
        const missing = headBytes - this.#stderrHead.length;
        if (name === 'stderr' && missing > 0) {
          this.#stderrHead = Buffer.concat([this.#stderrHead, chunk.subarray(0, missing)]);
        }
        await this.#logs[name].write(chunk);
      }
    } catch {
      // The pipe was destroyed because somebody outside the tree holds it open.
    }
  }
}
