import {
  Config,
  Flags,
  type ILogger,
  NumericParameters,
  overrideLogger,
  PixelStreaming,
} from '@epicgames-ps/lib-pixelstreamingfrontend-ue5.7';

/** What the session must hear from the player beneath it. Called from the browser's events, one at a time. */
export interface PlayerObserver {
  opened(): void;
  message(message: unknown): void;
  closed(code: number, reason: string): void;
  /** A picture can be played: the element has its size. */
  videoReady(): void;
  /** The browser refused to play without a click. */
  refused(): void;
  /** The path for media could not be made, or broke. */
  mediaLost(): void;
  /** Something went to the application: a person is there. */
  sent(): void;
  response(text: string): void;
  textWanted(wanted: boolean, contents: string): void;
}

export interface PlayerSettings {
  /** Where the pointer is: over the picture (`hover`) or captured by it (`lock`, for games). */
  readonly mouse: 'hover' | 'lock';
  /** A finger is a finger, or acts as the mouse, for applications that know no touch. */
  readonly touch: 'touch' | 'mouse';
  /** Media only over TURN. */
  readonly relayOnly: boolean;
}

let quiet = false;
/** Epic's library writes every message to the console otherwise, with a stack trace each. */
function silence(): void {
  if (quiet) return;
  const nothing = () => undefined;
  const logger: ILogger = {
    InitLogging: nothing,
    Debug: nothing,
    Info: nothing,
    Warning: nothing,
    Error: nothing,
  };
  overrideLogger(logger);
  quiet = true;
}

/**
 * Epic's player, held by what a session needs of it. It brings the media, the inputs and their many browser quirks; what
 * it decides for itself elsewhere (reconnecting, away-from-keyboard) is switched off: the server and the session decide.
 */
export class EpicPlayer {
  readonly #stage: HTMLElement;
  readonly #player: PixelStreaming;
  readonly #config: Config;
  readonly #observer: PlayerObserver;
  #connection: RTCPeerConnection | null = null;
  #disposed = false;
  readonly #pressed = new Set<number>();
  readonly #resizing: ResizeObserver;
  #settings: PlayerSettings;
  #input = false;
  #keys = false;

  constructor(
    element: HTMLElement,
    settings: PlayerSettings,
    address: () => string,
    observer: PlayerObserver,
  ) {
    silence();
    this.#observer = observer;
    this.#settings = settings;
    this.#stage = element.ownerDocument.createElement('div');
    // Epic's player writes a style attribute here unless told that the size is fixed; strict policies refuse that.
    this.#stage.className = 'fixed-size';
    Object.assign(this.#stage.style, { position: 'absolute', inset: '0', touchAction: 'none' });
    element.append(this.#stage);
    this.#config = new Config({
      useUrlParams: false,
      initialSettings: {
        [Flags.AutoConnect]: false,
        [Flags.AutoPlayVideo]: true,
        [Flags.AFKDetection]: false,
        [Flags.WaitForStreamer]: true,
        [Flags.StartVideoMuted]: false,
        [Flags.KeyboardInput]: false,
        [Flags.MouseInput]: false,
        [Flags.TouchInput]: false,
        [Flags.GamepadInput]: false,
        [Flags.XRControllerInput]: false,
        [Flags.SuppressBrowserKeys]: true,
        [Flags.HoveringMouseMode]: settings.mouse === 'hover',
        [Flags.FakeMouseWithTouches]: settings.touch === 'mouse',
        [Flags.ForceTURN]: settings.relayOnly,
        [NumericParameters.MaxReconnectAttempts]: 0,
      },
    });
    this.#player = new PixelStreaming(this.#config, { videoElementParent: this.#stage });
    // Its picture of the moment before (`freeze frame`) says nothing that the video doesn't.
    for (const image of this.#stage.querySelectorAll('img')) image.alt = '';
    this.#player.setSignallingUrlBuilder(address);
    // The library hears only of the window's size; where a pointer is in the picture depends on the element's.
    this.#resizing = new ResizeObserver(() => this.#player.webRtcController.resizePlayerStyle());
    this.#resizing.observe(this.#stage);
    const { transport } = this.#player.signallingProtocol;
    transport.addListener('open', () => this.#tell(() => observer.opened()));
    transport.addListener('message', (message: unknown) => this.#tell(() => this.#onMessage(message)));
    transport.addListener('close', (event: CloseEvent) =>
      this.#tell(() => {
        // The library takes its input handlers away with the socket; media and input go on without it.
        this.#input = false;
        this.#keys = false;
        observer.closed(event.code, event.reason);
      }),
    );
    this.#player.addEventListener('videoInitialized', () => this.#tell(() => observer.videoReady()));
    this.#player.addEventListener('playStreamRejected', () => this.#tell(() => observer.refused()));
    this.#player.addEventListener('webRtcSdpAnswer', () => this.#tell(() => this.#watchConnection()));
    this.#player.addEventListener('showOnScreenKeyboard', (event) =>
      this.#tell(() => observer.textWanted(event.data.showOnScreenKeyboard, event.data.contents)),
    );
    this.#player.addResponseEventListener('backlot', (text) => this.#tell(() => observer.response(text)));
    // The one place that every input passes, gamepads too.
    this.#player.webRtcController.dataChannelSender.resetAfkWarningTimerOnDataSend = () =>
      this.#tell(() => observer.sent());
  }

  get video(): HTMLVideoElement {
    return this.#player.webRtcController.videoPlayer.getVideoElement();
  }

  get stage(): HTMLElement {
    return this.#stage;
  }

  get connection(): RTCPeerConnection | null {
    return this.#connection;
  }

  connect(): void {
    this.#player.connect();
  }

  /** Closes the socket alone; media that flows goes on. */
  closeSocket(code: number, reason: string): void {
    this.#player.signallingProtocol.disconnect(code, reason);
  }

  send(message: { readonly type: string }): boolean {
    const { transport } = this.#player.signallingProtocol;
    if (!('webSocket' in transport) || !(transport.webSocket instanceof WebSocket)) return false;
    if (transport.webSocket.readyState !== WebSocket.OPEN) return false;
    this.#player.signallingProtocol.sendMessage(message);
    return true;
  }

  /** Plays with sound, or without; must come from a click where the browser asks for one. */
  play(muted: boolean): void {
    this.#config.setFlagEnabled(Flags.StartVideoMuted, muted);
    this.#player.play();
  }

  setMuted(muted: boolean): void {
    const { audioElement } = this.#player.webRtcController.streamController;
    this.#config.setFlagEnabled(Flags.StartVideoMuted, muted);
    this.video.muted = muted;
    audioElement.muted = muted;
    if (!muted && audioElement.srcObject && audioElement.paused) audioElement.play().catch(() => undefined);
  }

  /** Who may not control sends nothing; keys go only while the picture has the focus. */
  setInput(allowed: boolean, keys: boolean): void {
    const wantsKeys = allowed && keys;
    if (allowed !== this.#input) {
      this.#input = allowed;
      this.#config.setFlagEnabled(Flags.MouseInput, allowed);
      this.#config.setFlagEnabled(Flags.TouchInput, allowed);
      this.#config.setFlagEnabled(Flags.GamepadInput, allowed);
    }
    if (wantsKeys !== this.#keys) {
      this.#keys = wantsKeys;
      if (!wantsKeys) this.#releaseKeys();
      this.#config.setFlagEnabled(Flags.KeyboardInput, wantsKeys);
    }
  }

  /** Remembers what is held down, so that no key stays pressed in the application when the focus goes elsewhere. */
  noteKey(event: KeyboardEvent): void {
    if (event.type === 'keydown' && this.#keys) this.#pressed.add(event.keyCode);
    else this.#pressed.delete(event.keyCode);
  }

  configure(settings: Partial<PlayerSettings>): void {
    this.#settings = { ...this.#settings, ...settings };
    this.#config.setFlagEnabled(Flags.HoveringMouseMode, this.#settings.mouse === 'hover');
    this.#config.setFlagEnabled(Flags.FakeMouseWithTouches, this.#settings.touch === 'mouse');
  }

  /** @returns false when there is no connection to the application to send it over. */
  sendCommand(descriptor: object): boolean {
    return this.#player.emitCommand(descriptor);
  }

  sendInteraction(descriptor: object | string): boolean {
    return this.#player.emitUIInteraction(descriptor);
  }

  sendText(contents: string): boolean {
    return this.#player.sendTextboxEntry(contents);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.setInput(false, false);
    this.#disposed = true;
    this.#resizing.disconnect();
    this.#player.disconnect();
    this.#connection?.close();
    this.#player.webRtcController.destroyVideoPlayer();
    this.#stage.remove();
  }

  #releaseKeys(): void {
    const keyUp = this.#player.toStreamerHandlers.get('KeyUp');
    for (const key of this.#pressed) keyUp?.([key]);
    this.#pressed.clear();
  }

  #tell(call: () => void): void {
    if (!this.#disposed) call();
  }

  #onMessage(message: unknown): void {
    if (typeof message === 'object' && message !== null && 'type' in message && message.type === 'config') {
      // The library makes a new peer connection for every `config` and forgets the one before, which would live on.
      this.#connection?.close();
      this.#connection = null;
    }
    this.#observer.message(message);
  }

  #watchConnection(): void {
    const connection = this.#player.webRtcController.peerConnectionController.peerConnection;
    if (!connection || connection === this.#connection) return;
    // Statistics are the session's; the library's own timer would go on asking a connection that is closed.
    clearInterval(this.#player.webRtcController.statsTimerHandle);
    this.#connection = connection;
    connection.addEventListener('connectionstatechange', () => {
      if (connection === this.#connection && connection.connectionState === 'failed') {
        this.#tell(() => this.#observer.mediaLost());
      }
    });
  }
}
