import type { Clock } from '@backlot/contract/clock';
import type { PageMessage } from '../data-channel/messages.ts';
import { type MediaTrack, type VideoSource, wrtc } from '../webrtc/wrtc.ts';
import { type DemoCommand, readCommandText } from './commands.ts';
import { lastFrameNumber } from './frame-code.ts';
import type { DemoOptions } from './options.ts';
import { Painter } from './painter.ts';
import { Scene } from './scene.ts';
import { Streamer } from './streamer.ts';
import { Tone } from './tone.ts';

/** What the demo says of itself. */
export interface DemoState {
  readonly name: string;
  readonly viewers: number;
  /** Players that have come since it started. */
  readonly served: number;
  readonly resets: number;
  readonly inputs: number;
  readonly frame: number;
  readonly leakedMegabytes: number;
  readonly typed: string;
  readonly last: string;
  readonly black: boolean;
  readonly uptimeMs: number;
  readonly pid: number;
}

/** What a command came to. `null` when it is never to be answered. */
export type CommandAnswer = { readonly demo: string; readonly ok: true; readonly state: DemoState } | null;

export interface ApplicationParts {
  readonly options: DemoOptions;
  readonly clock: Clock;
  readonly random: () => number;
  /** A line for the log. */
  readonly log: (line: string) => void;
  /** Facts for whoever watches the process. */
  readonly tell: (facts: Readonly<Record<string, unknown>>) => void;
  readonly end: (how: { readonly signal: 'SIGSEGV' } | { readonly code: number }) => void;
}

const qualityMs = 1_000;

/** The demo application: a picture, those who watch it, and what it can be told to do. */
export class Application {
  readonly #parts: ApplicationParts;
  readonly #painter: Painter;
  readonly #video: VideoSource;
  readonly #tone: Tone | undefined;
  readonly #streamer: Streamer;
  readonly #startedAt: number;
  #scene = new Scene();
  #frame = 0;
  #served = 0;
  #resets = 0;
  #black = false;
  #deaf = false;
  #leaked: Buffer[] = [];
  #timers: NodeJS.Timeout[] = [];
  /** Players that were there when their number last changed. */
  #known: ReadonlySet<string> = new Set();

  constructor(parts: ApplicationParts) {
    const { options, clock } = parts;
    this.#parts = parts;
    this.#startedAt = clock.monotonic();
    this.#painter = new Painter(options.width, options.height);
    this.#video = new wrtc.nonstandard.RTCVideoSource({ isScreencast: false });
    this.#tone = options.tone ? new Tone() : undefined;
    const tracks: MediaTrack[] = [this.#video.createTrack()];
    if (this.#tone) tracks.push(this.#tone.track);
    this.#streamer = new Streamer({
      url: options.url,
      id: options.id,
      tracks,
      clock,
      random: parts.random,
      log: parts.log,
      initialSettings: () => settingsOf(options),
      onInput: (player, message) => this.#input(player, message),
      onViewersChanged: () => this.#viewersChanged(),
    });
  }

  start(): void {
    this.#streamer.open();
    this.#timers = [
      setInterval(() => this.#draw(), 1_000 / this.#parts.options.fps),
      setInterval(() => {
        for (const viewer of this.#streamer.viewers) viewer.tellQuality().catch(() => {});
      }, qualityMs),
    ];
    this.#tellFacts();
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#tone?.close();
    this.#streamer.close();
  }

  get state(): DemoState {
    const { options, clock } = this.#parts;
    return {
      name: options.id,
      viewers: this.#streamer.viewers.length,
      served: this.#served,
      resets: this.#resets,
      inputs: this.#scene.inputs,
      frame: this.#frame,
      leakedMegabytes: this.#leaked.length,
      typed: this.#scene.typed,
      last: this.#scene.last,
      black: this.#black,
      uptimeMs: Math.round(clock.monotonic() - this.#startedAt),
      pid: process.pid,
    };
  }

  obey(command: DemoCommand): CommandAnswer {
    const { demo } = command;
    this.#parts.log(`told to ${demo}`);
    switch (demo) {
      case 'reset':
        if (this.#deaf) return null;
        this.#scene = new Scene();
        this.#leaked = [];
        this.#black = false;
        this.#resets += 1;
        this.#tellFacts();
        break;
      case 'black':
        this.#black = true;
        break;
      case 'deaf':
        this.#deaf = true;
        break;
      case 'leak':
        // Filled, because memory that nobody has touched is not taken from the machine.
        for (let i = command.megabytes ?? 64; i > 0; i -= 1)
          this.#leaked.push(Buffer.alloc(1024 * 1024, i & 0xff));
        break;
      case 'hang':
        this.#hang();
        return null;
      case 'crash':
        this.#parts.end({ signal: 'SIGSEGV' });
        return null;
      case 'exit':
        this.#parts.end({ code: command.code ?? 0 });
        return null;
      case 'state':
    }
    return { demo, ok: true, state: this.state };
  }

  #input(player: string, message: PageMessage): void {
    this.#scene.take(player, message);
    if (message.type !== 'UIInteraction' && message.type !== 'Command') return;
    const command = readCommandText(String(message.values[0] ?? ''));
    const answer = command && this.obey(command);
    if (!answer) return;
    this.#streamer.viewers.find(({ id }) => id === player)?.say('Response', JSON.stringify(answer));
  }

  #draw(): void {
    this.#frame = this.#frame >= lastFrameNumber ? 1 : this.#frame + 1;
    // Nobody looks: the number goes on, the work is saved.
    if (this.#streamer.viewers.length === 0) return;
    this.#video.onFrame(
      this.#painter.paint(this.#scene, {
        frame: this.#frame,
        now: this.#parts.clock.now(),
        name: this.#parts.options.id.slice(-12),
        viewers: this.#streamer.viewers.length,
        resets: this.#resets,
        black: this.#black,
      }),
    );
  }

  #viewersChanged(): void {
    const present = new Set(this.#streamer.viewers.map(({ id }) => id));
    for (const id of this.#known) if (!present.has(id)) this.#scene.playerLeft(id);
    for (const id of present) if (!this.#known.has(id)) this.#served += 1;
    this.#known = present;
    this.#tellFacts();
  }

  #tellFacts(): void {
    this.#parts.tell({ sessions: this.#streamer.viewers.length, resets: this.#resets });
  }

  /** Stops this thread for good; those of WebRTC go on, so connections stay open without a picture. */
  #hang(): void {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
}

/** What a page shows of a streamer's settings, in the engine's words. */
function settingsOf({ fps }: DemoOptions) {
  return {
    PixelStreaming: { AllowPixelStreamingCommands: false, DisableLatencyTest: false },
    Encoder: { TargetBitrate: -1, MaxBitrate: 20_000_000, MinQP: 0, MaxQP: 51, RateControl: 'CBR' },
    WebRTC: { DegradationPref: 'MAINTAIN_FRAMERATE', FPS: fps, MinBitrate: 100_000, MaxBitrate: 20_000_000 },
    ConfigOptions: { DefaultToHover: true },
  };
}
