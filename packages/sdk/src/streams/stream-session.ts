import { type Clock, systemClock } from '@backlot/contract/clock';
import { socketAddress } from './address.ts';
import { type AfterClose, afterClose } from './after-close.ts';
import { type Counters, countersOf, type StreamStats, statsBetween } from './arrival.ts';
import { Emitter } from './emitter.ts';
import { EpicPlayer, type PlayerSettings } from './epic-player.ts';
import type { StreamEvents, StreamPhase } from './events.ts';
import { type PlayerNotice, readNotice, type ServerNotice, type StreamRole } from './wire.ts';

/** Keeps the session over a reload of the page: `sessionStorage` fits. */
export interface SessionMemory {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

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
const statsEveryMs = 1_000;
const reportEveryMs = 5_000;
/** Attempts at a media connection that bring no picture before the session says that the network does not let it pass. */
const mediaAttempts = 3;

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
  readonly #options: StreamSessionOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #events = new Emitter<StreamEvents>();
  readonly #player: EpicPlayer;
  readonly #listening = new AbortController();
  /** Cancels what is planned: the next try, the time limit of this one, the ticks of the statistics. */
  readonly #plans = new Map<'open' | 'retry' | 'stats', () => void>();

  #phase: StreamPhase = 'connecting';
  #role: StreamRole = 'controller';
  #sessionId: string | null = null;
  #token: string | undefined;
  #muted: boolean;
  #wantsKeys = false;
  #failures = 0;
  #lastWorkedAt: number;
  #saidEnded: Extract<ServerNotice, { type: 'backlot.ended' }> | null = null;
  #activityAt = Number.NEGATIVE_INFINITY;
  #counters: Counters | null = null;
  #reported: Counters | null = null;
  #stats: StreamStats | null = null;
  #picture = false;
  #mediaFailures = 0;
  #disposed = false;

  /** Connects at once; listeners that are added in the same turn miss nothing. */
  constructor(options: StreamSessionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#muted = options.muted ?? false;
    this.#role = options.role ?? 'controller';
    this.#token = this.#remembered();
    this.#lastWorkedAt = this.#clock.monotonic();
    const address = () =>
      socketAddress(
        { url: '', ...options, sessionToken: this.#token },
        options.element.ownerDocument.baseURI,
      );
    address();
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
        refused: () => this.#refused(),
        mediaLost: () => this.#mediaLost(),
        sent: () => this.#active(),
        response: (text) => this.#events.emit('response', { text }),
        textWanted: (wanted, contents) => this.#events.emit('textWanted', { wanted, contents }),
      },
    );
    this.#watchVideo();
    this.#watchFocus();
    this.#plan('stats', statsEveryMs, () => this.#measure());
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
  get muted(): boolean {
    return this.#muted;
  }
  /** The newest statistics; null before the first. */
  get stats(): StreamStats | null {
    return this.#stats;
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

  /** Gives control to a player who asked, or to whoever asked first. */
  handOver(to?: string): void {
    this.#tell(to === undefined ? { type: 'backlot.handOver' } : { type: 'backlot.handOver', to });
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
    for (const cancel of this.#plans.values()) cancel();
    this.#plans.clear();
    this.#player.dispose();
    this.#events.clear();
  }

  #connect(): void {
    this.#plan('open', openLimitMs, () => this.#player.closeSocket(4000, 'no answer'));
    this.#player.connect();
  }

  #opened(): void {
    this.#cancel('open');
  }

  #message(message: unknown): void {
    // Whatever arrives proves that the way is good again; an opened socket alone may be refused the next moment.
    this.#failures = 0;
    this.#lastWorkedAt = this.#clock.monotonic();
    const notice = readNotice(message);
    if (notice) this.#notice(notice);
  }

  #notice(notice: ServerNotice): void {
    switch (notice.type) {
      case 'backlot.session':
        this.#sessionId = notice.sessionId;
        this.#role = notice.role;
        this.#token = notice.token;
        this.#remember(notice.token);
        this.#events.emit('session', { sessionId: notice.sessionId });
        // A picture that never stopped is being played again as soon as the server knows this player again.
        if (this.#phase === 'reconnecting' && this.#mediaLives()) this.#enter('playing');
        this.#applyInput();
        return;
      case 'backlot.queued':
        this.#events.emit('queued', notice);
        if (!this.#picture) this.#enter('queued');
        return;
      case 'backlot.starting':
        this.#events.emit('starting', notice);
        if (!this.#picture) this.#enter('starting');
        return;
      case 'backlot.ready':
        this.#events.emit('ready', {});
        if (!this.#picture) this.#enter('starting');
        return;
      case 'backlot.role':
        this.#role = notice.role;
        this.#events.emit('role', notice);
        this.#applyInput();
        return;
      case 'backlot.warning':
        this.#events.emit('warning', notice);
        return;
      case 'backlot.ended':
        this.#saidEnded = notice;
        return;
    }
  }

  #closed(code: number, reason: string): void {
    this.#cancel('open');
    if (this.#phase === 'ended') return;
    const next = afterClose(
      {
        code,
        reason,
        ended: this.#saidEnded,
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
    this.#plan('retry', next.afterMs, () => this.#connect());
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

  #refused(): void {
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
    this.#forget();
    this.#cancel('open');
    this.#cancel('retry');
    this.#cancel('stats');
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

  #watchFocus(): void {
    const { stage } = this.#player;
    const { signal } = this.#listening;
    const document = stage.ownerDocument;
    stage.tabIndex = 0;
    stage.addEventListener('pointerdown', () => this.focus(), { signal });
    const follow = () => {
      this.#wantsKeys = document.hasFocus() && document.activeElement === stage;
      this.#applyInput();
    };
    stage.addEventListener('focus', follow, { signal });
    stage.addEventListener('blur', follow, { signal });
    document.defaultView?.addEventListener('blur', follow, { signal });
    document.defaultView?.addEventListener('focus', follow, { signal });
    stage.addEventListener('keydown', (event) => this.#player.noteKey(event), { signal });
    stage.addEventListener('keyup', (event) => this.#player.noteKey(event), { signal });
    // A network that is back is worth a try at once.
    document.defaultView?.addEventListener('online', () => this.#retryNow(), { signal });
  }

  #retryNow(): void {
    if (!this.#plans.has('retry')) return;
    this.#cancel('retry');
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

  #measure(): void {
    this.#plan('stats', statsEveryMs, () => this.#measure());
    const { connection } = this.#player;
    if (connection?.connectionState !== 'connected') return;
    connection
      .getStats()
      .then((report) => {
        if (this.#disposed || this.#phase === 'ended') return;
        const now = countersOf(report, this.#clock.monotonic());
        this.#stats = statsBetween(this.#counters, now);
        this.#counters = now;
        this.#events.emit('stats', this.#stats);
        if (this.#reported !== null && now.atMs - this.#reported.atMs < reportEveryMs) return;
        const { atMs: _, ...report5s } = statsBetween(this.#reported, now);
        this.#reported = now;
        this.#tell({ type: 'backlot.stats', ...report5s });
      })
      // A connection that closed meanwhile has no statistics.
      .catch(() => undefined);
  }

  #tell(notice: PlayerNotice): void {
    this.#player.send(notice);
  }

  #enter(phase: StreamPhase): void {
    if (this.#phase === phase || this.#phase === 'ended') return;
    this.#phase = phase;
    this.#events.emit('phase', { phase });
  }

  #plan(name: 'open' | 'retry' | 'stats', ms: number, call: () => void): void {
    this.#plans.get(name)?.();
    this.#plans.set(
      name,
      this.#clock.after(ms, () => {
        this.#plans.delete(name);
        call();
      }),
    );
  }

  #cancel(name: 'open' | 'retry' | 'stats'): void {
    this.#plans.get(name)?.();
    this.#plans.delete(name);
  }

  /** Storage can be forbidden (third-party frames, private windows); a session then just does not outlive its page. */
  #remembered(): string | undefined {
    try {
      return this.#options.memory?.getItem(this.#memoryKey) ?? undefined;
    } catch {
      return undefined;
    }
  }

  #remember(token: string): void {
    try {
      this.#options.memory?.setItem(this.#memoryKey, token);
    } catch {
      // See above.
    }
  }

  #forget(): void {
    this.#token = undefined;
    try {
      this.#options.memory?.removeItem(this.#memoryKey);
    } catch {
      // See above.
    }
  }

  get #memoryKey(): string {
    return `backlot.stream.${this.#options.app}`;
  }
}
