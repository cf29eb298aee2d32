import { type Clock, systemClock } from '@backlot/contract/clock';
import { socketAddress } from './address.ts';
import { type AfterClose, afterClose } from './after-close.ts';
import type { StreamStats } from './arrival.ts';
import { ArrivalMeter } from './arrival-meter.ts';
import { Emitter } from './emitter.ts';
import { EpicPlayer, type PlayerSettings } from './epic-player.ts';
import type { StreamEvents, StreamPhase } from './events.ts';
import { watchKeyFocus } from './key-focus.ts';
import { Plans } from './plans.ts';
import { type SessionMemory, TokenMemory } from './token-memory.ts';
import { type PlayerNotice, readNotice, type ServerNotice, type StreamRole } from './wire.ts';

export interface StreamSessionOptions {
  /** Where Backlot is; left out: the server of this page. */
  readonly url?: string;
  /** Slug of the app. */
  readonly app: string;
  /** Where the picture goes. It fills the element, which must be positioned and have a size. */
  readonly element: HTMLElement;
  readonly ticket?: string;
  /** What to ask for; the server decides. Default: controller, else viewer. */
  readonly role?: StreamRole;
  /** Id of a session to watch, where the app lets anyone watch. */
  readonly watch?: string;
  /** Start without sound. Default: with sound where the browser allows it. */
  readonly muted?: boolean;
  /** Where the pointer is: `hover` (default), or `lock`: captured by the picture, for games. */
  readonly mouse?: PlayerSettings['mouse'];
  /** `touch` (default), or `mouse`: a finger acts as the mouse, for applications that know no touch. */
  readonly touch?: PlayerSettings['touch'];
  /** Media only over TURN; also decided by the app on the server. */
  readonly relayOnly?: boolean;
  /** Left out: a reload begins a new session. */
  readonly memory?: SessionMemory;
  readonly clock?: Clock;
  /** 0 <= x < 1; spreads reconnects. */
  readonly random?: () => number;
}

const openLimitMs = 10_000;
/** No more often than this is the server told that a person is there. */
const activityEveryMs = 5_000;
/** Attempts at a media connection that bring no picture before the session says that the network does not let it pass. */
const mediaAttempts = 3;
/** What the server says before it closes with "come back at once". */
const comesBack: ReadonlySet<string> = new Set(['role_changed', 'stream_moved', 'signalling_restarts']);

/**
 * A viewer's session with an application: from the first knock over the queue to the last picture. It connects at
 * once, plays as soon as there is a picture, takes itself up again after a broken connection, and ends once.
 *
 * ```ts
 * const session = new StreamSession({ url: 'https://studio.example', app: 'showroom', element });
 * session.on('queued', ({ position }) => show(`place ${position}`));
 * session.on('ended', ({ reason }) => show(reason));
 * session.sendCommand({ colour: 'red' });
 * ```
 */
export class StreamSession {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #events = new Emitter<StreamEvents>();
  readonly #player: EpicPlayer;
  readonly #listening = new AbortController();
  readonly #plans: Plans<'open' | 'retry'>;
  readonly #memory: TokenMemory;
  readonly #meter: ArrivalMeter;

  #phase: StreamPhase = 'connecting';
  #role: StreamRole = 'controller';
  #sessionId: string | null = null;
  #playerId: string | null = null;
  #token: string | undefined;
  /** The token is from before this page was loaded, and has not let anyone in yet. */
  #tokenIsOld: boolean;
  #stream: string | undefined;
  #muted: boolean;
  #wantsKeys = false;
  #failures = 0;
  #lastWorkedAt: number;
  /** This connection has been let in. */
  #admitted = false;
  #ended: Extract<ServerNotice, { type: 'backlot.ended' }> | null = null;
  #refused: Extract<ServerNotice, { type: 'backlot.refused' }> | null = null;
  #activityAt = Number.NEGATIVE_INFINITY;
  #picture = false;
  #mediaFailures = 0;
  #disposed = false;

  /** Connects at once; listeners that are added in the same turn miss nothing. */
  constructor(options: StreamSessionOptions) {
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#muted = options.muted ?? false;
    this.#role = options.role ?? 'controller';
    this.#plans = new Plans(this.#clock);
    this.#memory = new TokenMemory(options.memory, options.app, options.ticket);
    this.#token = this.#memory.read();
    this.#tokenIsOld = this.#token !== undefined;
    this.#lastWorkedAt = this.#clock.monotonic();
    const address = () =>
      socketAddress(
        {
          url: '',
          ...options,
          sessionToken: this.#token,
          resume: this.#mediaLives() ? this.#stream : undefined,
        },
        options.element.ownerDocument.baseURI,
      );
    this.#player = new EpicPlayer(
      options.element,
      {
        mouse: options.mouse ?? 'hover',
        touch: options.touch ?? 'touch',
        relayOnly: options.relayOnly ?? false,
      },
      address,
      {
        opened: () => this.#opened(),
        message: (message) => this.#message(message),
        closed: (code, reason) => this.#closed(code, reason),
        videoReady: () => this.#applyInput(),
        refused: () => this.#playRefused(),
        mediaLost: () => this.#mediaLost(),
        sent: () => this.#active(),
        response: (text) => this.#events.emit('response', { text }),
        textWanted: (wanted, contents) => this.#events.emit('textWanted', { wanted, contents }),
      },
    );
    this.#meter = new ArrivalMeter({
      clock: this.#clock,
      connection: () => this.#player.connection,
      onStats: (stats) => this.#events.emit('stats', stats),
      onReport: (report) => this.#tell({ type: 'backlot.stats', ...report }),
    });
    this.#player.video.setAttribute('aria-label', options.app);
    this.#watchVideo();
    watchKeyFocus(this.#player.stage, this.#listening.signal, {
      focused: (has) => {
        this.#wantsKeys = has;
        this.#applyInput();
      },
      key: (event) => this.#player.noteKey(event),
    });
    // A network that is back is worth a try at once.
    options.element.ownerDocument.defaultView?.addEventListener('online', () => this.#retryNow(), {
      signal: this.#listening.signal,
    });
    queueMicrotask(() => {
      if (!this.#disposed) this.#connect();
    });
  }

  /** @returns what takes the listener away again. */
  on<Name extends keyof StreamEvents>(name: Name, listener: (event: StreamEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  get phase(): StreamPhase {
    return this.#phase;
  }
  get role(): StreamRole {
    return this.#role;
  }
  get sessionId(): string | null {
    return this.#sessionId;
  }
  /** This player among those of the session: what `controlWanted` calls `by`. */
  get playerId(): string | null {
    return this.#playerId;
  }
  get muted(): boolean {
    return this.#muted;
  }
  /** The newest statistics; null before the first. */
  get stats(): StreamStats | null {
    return this.#meter.latest;
  }
  /** For snapshots and styling. Its source and its playing are the session's. */
  get video(): HTMLVideoElement {
    return this.#player.video;
  }

  /** Plays after the browser asked for a click (`blocked`); call it from the click. */
  play(): void {
    this.#player.play(this.#muted);
  }

  setMuted(muted: boolean): void {
    this.#muted = muted;
    this.#player.setMuted(muted);
    this.#events.emit('muted', { muted, byBrowser: false });
  }

  /** Changes how pointer and fingers act, at once. */
  configure(settings: Partial<Pick<PlayerSettings, 'mouse' | 'touch'>>): void {
    this.#player.configure(settings);
  }

  /** Unreal's `Command`. @returns false when there is no connection to the application yet. */
  sendCommand(descriptor: object): boolean {
    return this.#phase === 'playing' && this.#player.sendCommand(descriptor);
  }

  /** Unreal's `UIInteraction`. @returns false when there is no connection to the application yet. */
  sendInteraction(descriptor: object | string): boolean {
    return this.#phase === 'playing' && this.#player.sendInteraction(descriptor);
  }

  /** The answer to `textWanted`. */
  sendText(contents: string): boolean {
    return this.#phase === 'playing' && this.#player.sendText(contents);
  }

  /** A viewer asks to control; granted at once when nobody does. */
  takeControl(): void {
    this.#tell({ type: 'backlot.takeControl' });
  }

  /** Gives control to a player who asked. */
  handOver(to: string): void {
    this.#tell({ type: 'backlot.handOver', to });
  }

  /** Somebody is here: the answer to a warning about idleness. */
  stay(): void {
    this.#activityAt = this.#clock.monotonic();
    this.#tell({ type: 'backlot.activity' });
  }

  /** Puts the focus on the picture, so that keys go to the application. */
  focus(): void {
    this.#player.stage.focus({ preventScroll: true });
  }

  /** Ends the session for good: the application is free for the next one. */
  end(): void {
    if (this.#phase === 'ended') return;
    this.#tell({ type: 'backlot.end' });
    this.#finish({ kind: 'ended', reason: 'left', code: 'left', message: '' });
  }

  /** Gives everything back without ending the session: the server keeps it for as long as the app says. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#listening.abort();
    this.#plans.close();
    this.#meter.close();
    this.#player.dispose();
    this.#events.clear();
  }

  #connect(): void {
    this.#admitted = false;
    this.#refused = null;
    this.#plans.set('open', openLimitMs, () => this.#player.closeSocket(4000, 'no answer'));
    this.#player.connect();
  }

  #opened(): void {
    this.#plans.cancel('open');
  }

  #message(message: unknown): void {
    const notice = readNotice(message);
    if (notice?.type !== 'backlot.refused') {
      // Whatever arrives proves that the way is good again; an opened socket alone may be refused the next moment.
      this.#failures = 0;
      this.#lastWorkedAt = this.#clock.monotonic();
    }
    if (notice) this.#notice(notice);
    else if (isConfig(message)) this.#beginMedia();
  }

  /** A new peer connection is about to be made; what was seen before stays until its first picture. */
  #beginMedia(): void {
    if (!this.#picture) return;
    this.#picture = false;
    this.#enter('reconnecting');
    this.#applyInput();
  }

  #notice(notice: ServerNotice): void {
    switch (notice.type) {
      case 'backlot.session':
        this.#sessionId = notice.sessionId;
        this.#playerId = notice.playerId;
        this.#role = notice.role;
        this.#token = notice.token ?? undefined;
        this.#tokenIsOld = false;
        this.#admitted = true;
        this.#refused = null;
        if (notice.token !== null) this.#memory.write(notice.token);
        this.#events.emit('session', { sessionId: notice.sessionId, playerId: notice.playerId });
        // A picture that never stopped is being played again as soon as the server knows this player again.
        if (this.#phase === 'reconnecting' && this.#mediaLives()) this.#enter('playing');
        this.#applyInput();
        return;
      case 'backlot.queued':
        this.#events.emit('queued', {
          position: notice.position,
          waitedMs: notice.waitedMs,
          estimateMs: notice.estimateMs,
        });
        if (!this.#picture) this.#enter('queued');
        return;
      case 'backlot.starting':
        this.#events.emit('starting', { step: notice.step, progress: stepsDone(notice.step) });
        if (!this.#picture) this.#enter('starting');
        return;
      case 'backlot.ready':
        this.#stream = notice.stream;
        this.#events.emit('ready', {});
        if (!this.#picture) this.#enter('starting');
        return;
      case 'backlot.role':
        this.#role = notice.role;
        this.#events.emit('role', {
          role: notice.role,
          controllers: notice.controllers,
          viewers: notice.viewers,
        });
        this.#applyInput();
        return;
      case 'backlot.controlWanted':
        this.#events.emit('controlWanted', { by: notice.by, name: notice.name });
        return;
      case 'backlot.warning':
        this.#events.emit('warning', { why: notice.why, endsInMs: notice.endsInMs });
        return;
      case 'backlot.refused':
        if (comesBack.has(notice.code)) {
          // Nothing was asked for: the server says why it closes. Where the media changes, too, it is begun anew.
          if (notice.code !== 'signalling_restarts') this.#stream = undefined;
          return;
        }
        this.#refused = notice;
        // A token from before a reload is tried silently: what comes of the link itself is what counts.
        if (this.#tokenIsOld) return;
        this.#events.emit('refused', { code: notice.code, message: notice.message });
        return;
      case 'backlot.ended':
        this.#ended = notice;
        return;
    }
  }

  #closed(code: number, reason: string): void {
    this.#plans.cancel('open');
    if (this.#phase === 'ended') return;
    if (this.#tokenIsOld && code === 1008) {
      // What was remembered over a reload is over by now; the link itself may still be good.
      this.#token = undefined;
      this.#memory.clear();
      this.#tokenIsOld = false;
      this.#connect();
      return;
    }
    const next = afterClose(
      {
        code,
        reason,
        ended: this.#ended && sentenceOf(this.#ended),
        // Once admitted, a refusal is about one wish: it does not explain a connection that breaks later.
        refused: this.#refused && (code === 1008 || !this.#admitted) ? refusalOf(this.#refused) : null,
        failures: this.#failures,
        downMs: this.#clock.monotonic() - this.#lastWorkedAt,
      },
      this.#random(),
    );
    if (next.kind === 'ended') {
      this.#finish(next);
      return;
    }
    this.#failures += 1;
    this.#events.emit('reconnecting', { attempt: this.#failures, afterMs: next.afterMs });
    if (this.#sessionId !== null || this.#failures > 1) this.#enter('reconnecting');
    this.#applyInput();
    this.#plans.set('retry', next.afterMs, () => this.#connect());
  }

  #mediaLost(): void {
    if (this.#phase === 'ended') return;
    this.#picture = false;
    this.#mediaFailures += 1;
    if (this.#mediaFailures >= mediaAttempts) {
      this.#finish({ kind: 'ended', reason: 'media', code: 'media_blocked', message: '' });
      return;
    }
    // A new connection of the same session makes a new offer.
    this.#player.closeSocket(4001, 'media lost');
  }

  #playRefused(): void {
    if (this.#phase === 'ended') return;
    if (!this.#muted) {
      // Without sound most browsers play unasked; the page shows that the sound is off, and a click brings it.
      this.#muted = true;
      this.#events.emit('muted', { muted: true, byBrowser: true });
      this.#player.play(true);
      return;
    }
    this.#enter('blocked');
    this.#events.emit('blocked', {});
  }

  #finish(end: Extract<AfterClose, { kind: 'ended' }>): void {
    if (this.#phase === 'ended') return;
    this.#token = undefined;
    this.#memory.clear();
    this.#plans.close();
    this.#meter.close();
    this.#enter('ended');
    this.#events.emit('ended', { reason: end.reason, code: end.code, message: end.message });
    // The events are over; the picture, the sockets and the handlers go with them.
    this.#listening.abort();
    this.#player.dispose();
  }

  #watchVideo(): void {
    const { video } = this.#player;
    const { signal } = this.#listening;
    const played = () => {
      if (this.#phase === 'ended' || video.videoWidth === 0) return;
      this.#picture = true;
      this.#mediaFailures = 0;
      this.#enter('playing');
      this.#events.emit('playing', {
        muted: this.#muted,
        width: video.videoWidth,
        height: video.videoHeight,
      });
      this.#applyInput();
    };
    // `playing` alone comes before the first picture in some browsers: a frame is what counts.
    const onPlaying = () => {
      if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(played);
      else played();
    };
    video.addEventListener('playing', onPlaying, { signal });
    video.addEventListener('loadeddata', onPlaying, { signal });
  }

  #retryNow(): void {
    if (!this.#plans.has('retry')) return;
    this.#plans.cancel('retry');
    this.#connect();
  }

  #applyInput(): void {
    if (this.#phase === 'ended') return;
    this.#player.setInput(this.#picture && this.#role === 'controller', this.#wantsKeys);
  }

  #active(): void {
    const now = this.#clock.monotonic();
    if (!this.#picture || now - this.#activityAt < activityEveryMs) return;
    this.#activityAt = now;
    this.#tell({ type: 'backlot.activity' });
  }

  #mediaLives(): boolean {
    return this.#picture && this.#player.connection?.connectionState === 'connected';
  }

  #tell(notice: PlayerNotice): void {
    this.#player.send(notice);
  }

  #enter(phase: StreamPhase): void {
    if (this.#phase === phase || this.#phase === 'ended') return;
    this.#phase = phase;
    this.#events.emit('phase', { phase });
  }
}

function isConfig(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === 'config';
}

/** Of the three steps of a start, the part that is behind. */
function stepsDone(step: string): number {
  return Math.max(0, ['placing', 'starting', 'connecting'].indexOf(step)) / 3;
}

function sentenceOf({ reason, code, message }: Extract<ServerNotice, { type: 'backlot.ended' }>) {
  return { reason, code, message };
}

function refusalOf({ code, message }: Extract<ServerNotice, { type: 'backlot.refused' }>) {
  return { code, message };
}
