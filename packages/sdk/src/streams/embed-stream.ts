import { pageAddress } from './address.ts';
import { type HostCall, type HostMessage, hostSource, readPlayerMessage } from './embed-protocol.ts';
import { Emitter } from './emitter.ts';
import type { StreamEvents } from './events.ts';
import type { StreamRole } from './wire.ts';

export interface EmbedOptions {
  /** Where Backlot is; left out: the server of this page. */
  readonly url?: string;
  /** Slug of the app. */
  readonly app: string;
  readonly ticket?: string;
  readonly role?: StreamRole;
  readonly language?: 'en' | 'zh-CN';
  /** Left out: as the viewer's system. */
  readonly scheme?: 'light' | 'dark';
  /** Name of the frame for those who hear the page. */
  readonly title?: string;
}

/** A player page in a frame of another page. */
export interface EmbeddedStream {
  readonly frame: HTMLIFrameElement;
  on<Name extends keyof StreamEvents>(name: Name, listener: (event: StreamEvents[Name]) => void): () => void;
  sendCommand(descriptor: object): void;
  sendInteraction(descriptor: object | string): void;
  setMuted(muted: boolean): void;
  stay(): void;
  takeControl(): void;
  focus(): void;
  /** Ends the session for good. */
  end(): void;
  /** Takes the frame away. */
  dispose(): void;
}

/**
 * The whole player page of an app, with its queue, warnings and controls, in a frame that fills the element.
 * Events are the same as of a `StreamSession`; they are taken from that frame and its origin only.
 */
export function embedStream(element: HTMLElement, options: EmbedOptions): EmbeddedStream {
  const document = element.ownerDocument;
  const window = document.defaultView;
  if (!window) throw new TypeError('A stream can only be embedded in a document that is shown.');
  const address = new URL(pageAddress({ url: '', ...options }, document.baseURI));
  if (options.language !== undefined) address.searchParams.set('language', options.language);
  if (options.scheme !== undefined) address.searchParams.set('scheme', options.scheme);

  const frame = document.createElement('iframe');
  frame.title = options.title ?? options.app;
  frame.allow = 'autoplay; fullscreen; gamepad; clipboard-write; xr-spatial-tracking';
  frame.referrerPolicy = 'no-referrer';
  Object.assign(frame.style, { width: '100%', height: '100%', border: '0', display: 'block' });
  frame.src = address.href;

  const events = new Emitter<StreamEvents>();
  const listening = new AbortController();
  window.addEventListener(
    'message',
    (message) => {
      if (message.source !== frame.contentWindow || message.origin !== address.origin) return;
      const said = readPlayerMessage(message.data);
      // The names and their data are the player's; both come from the same SDK.
      if (said) events.emit(said.event as keyof StreamEvents, said.data as never);
    },
    { signal: listening.signal },
  );
  element.append(frame);
  const call = (what: HostCall) => {
    const message: HostMessage = { source: hostSource, ...what };
    frame.contentWindow?.postMessage(message, address.origin);
  };

  return {
    frame,
    on: (name, listener) => events.on(name, listener),
    sendCommand: (descriptor) => call({ call: 'command', descriptor }),
    sendInteraction: (descriptor) => call({ call: 'interaction', descriptor }),
    setMuted: (muted) => call({ call: 'mute', muted }),
    stay: () => call({ call: 'stay' }),
    takeControl: () => call({ call: 'takeControl' }),
    focus: () => call({ call: 'focus' }),
    end: () => call({ call: 'end' }),
    dispose() {
      listening.abort();
      frame.remove();
      events.clear();
    },
  };
}
