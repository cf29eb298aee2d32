import type { EndReason, LocalTrack, RemoteTrack, Room, RoomState } from '@backlot/sdk/rooms';
import { captureScreen } from '@backlot/sdk/rooms/capture';
import { RoomError } from '@backlot/sdk/rooms/errors';
import type { TextKey } from '../texts.ts';
import type { DeviceKind, LocalMedia } from './local-media.ts';
import { Store } from './store.ts';

export interface ChatLine {
  readonly id: number;
  readonly name: string;
  readonly text: string;
  readonly at: number;
  readonly own: boolean;
  readonly failed: boolean;
}

/** Something that just happened; goes by itself after a while. */
export interface Notice {
  readonly id: number;
  readonly key: TextKey | null;
  readonly params: Readonly<Record<string, string>>;
  readonly error: unknown;
}

export interface SessionState {
  readonly room: RoomState;
  /** By the track's id; a new object whenever reception begins anew. */
  readonly remote: ReadonlyMap<string, RemoteTrack>;
  readonly screen: LocalTrack | null;
  readonly chat: readonly ChatLine[];
  readonly notices: readonly Notice[];
  /** Sound and picture are being built up again. */
  readonly rebuilding: boolean;
  /** Whoever spoke last and is no one's self. */
  readonly lastSpeaker: string | null;
  readonly ended: { readonly reason: EndReason; readonly error: RoomError | undefined } | null;
}

const noticeMs = 6_000;
const keptLines = 500;

/** The room as the page shows it: the SDK's room, one's own devices in it, chat, and what has just happened. */
export class RoomSession extends Store<SessionState> {
  readonly room: Room;
  readonly media: LocalMedia;
  readonly #sent: Partial<Record<DeviceKind, LocalTrack>> = {};
  readonly #stops: (() => void)[] = [];
  #work: Promise<void> = Promise.resolve();
  #nextId = 1;
  #rebuilds = 0;

  constructor(room: Room, media: LocalMedia) {
    super({
      room: room.state,
      remote: room.remoteTracks,
      screen: null,
      chat: [],
      notices: [],
      rebuilding: false,
      lastSpeaker: null,
      ended: null,
    });
    this.room = room;
    this.media = media;
    this.#listen();
    this.#stops.push(media.subscribe(() => this.#sync()));
    this.#sync();
  }

  async toggleScreen(): Promise<void> {
    const { screen } = this.get();
    if (screen) return this.#tried(this.room.unpublish(screen).finally(() => this.update({ screen: null })));
    try {
      const { video, audio } = await captureScreen({ audio: true });
      const local = await this.room.publish(video, { source: 'screen' });
      this.update({ screen: local });
      if (audio) await this.room.publish(audio, { source: 'screen-audio' });
    } catch (error) {
      // Whoever cancels the browser's question knows that they did.
      if (!(error instanceof RoomError && error.reason === 'NotAllowedError')) this.#say(null, {}, error);
    }
  }

  async say(text: string): Promise<void> {
    const line = this.#line(this.room.self?.name ?? '', text, true);
    this.#addLine(line);
    try {
      await this.room.send('chat', { text });
    } catch {
      this.update({ chat: this.get().chat.map((one) => (one === line ? { ...one, failed: true } : one)) });
    }
  }

  /** Does something as a moderator; what went wrong is shown. */
  moderate(work: Promise<unknown>): void {
    void this.#tried(work);
  }

  dismiss(id: number): void {
    this.update({ notices: this.get().notices.filter((notice) => notice.id !== id) });
  }

  async leave(): Promise<void> {
    await this.room.leave();
  }

  close(): void {
    for (const stop of this.#stops) stop();
    void this.room.leave();
  }

  #listen(): void {
    const { room } = this;
    const on: typeof room.on = (name, listener) => {
      const stop = room.on(name, listener);
      this.#stops.push(stop);
      return stop;
    };
    on('change', (state) => this.update({ room: state }));
    const remote = () => this.update({ remote: room.remoteTracks });
    on('trackSubscribed', remote);
    on('trackUnsubscribed', remote);
    on('activeSpeaker', (identity) => {
      if (identity !== null && identity !== room.state.self) this.update({ lastSpeaker: identity });
    });
    on('message', ({ from, topic, payload }) => {
      const { text } = (payload ?? {}) as { text?: unknown };
      if (topic !== 'chat' || typeof text !== 'string' || from === room.state.self) return;
      const name = from === null ? '' : (room.state.participants.get(from)?.name ?? from);
      this.#addLine(this.#line(name, text.slice(0, 8_000), false));
    });
    on('muted', (local, muted, by) => {
      this.#say(muted ? 'notice.mutedBy' : 'notice.unmutedBy', { by });
      if (muted && local.source === 'microphone') void this.media.setOn('microphone', false);
      if (muted && local.source === 'camera') void this.media.setOn('camera', false);
    });
    on('trackEnded', (local, because) => {
      if (local === this.get().screen) this.update({ screen: null });
      for (const kind of ['camera', 'microphone'] as const) {
        if (this.#sent[kind] !== local) continue;
        delete this.#sent[kind];
        if (because === 'server') void this.media.setOn(kind, false);
      }
      if (because === 'server') this.#say('notice.noRight');
    });
    on('mediaLost', () => {
      this.#rebuilds += 1;
      this.update({ rebuilding: true });
    });
    on('mediaRestored', () => {
      this.#rebuilds = Math.max(0, this.#rebuilds - 1);
      this.update({ rebuilding: this.#rebuilds > 0, remote: room.remoteTracks });
    });
    on('reconnected', () => {
      this.#rebuilds = 0;
      this.update({ rebuilding: false, remote: room.remoteTracks });
      this.#say('notice.back');
      this.#sync();
    });
    on('lobby', (waiting) => {
      if (waiting.length > 0) this.#say('notice.waiting', { n: String(waiting.length) });
    });
    on('closed', (reason, error) => this.update({ ended: { reason, error } }));
  }

  /** Brings what is sent in line with what the devices give: one step after the other. */
  #sync(): void {
    this.#work = this.#work
      .then(() => this.#syncDevice('microphone'))
      .then(() => this.#syncDevice('camera'))
      .catch(() => undefined);
  }

  async #syncDevice(kind: DeviceKind): Promise<void> {
    if (this.get().ended) return;
    const { on, track } = this.media.get()[kind];
    const sent = this.#sent[kind];
    try {
      if (!track) {
        if (!sent) return;
        delete this.#sent[kind];
        await this.room.unpublish(sent);
        return;
      }
      if (!sent) {
        if (on) this.#sent[kind] = await this.room.publish(track, { source: kind, stopOnUnpublish: false });
        return;
      }
      if (sent.mediaTrack !== track) await sent.replace(track);
      if (on && sent.muted) await this.room.unmute(sent);
      else if (!on && !sent.muted) await this.room.mute(sent);
    } catch (error) {
      if (error instanceof RoomError && error.code === 'disconnected') return; // `reconnected` syncs again.
      this.#say(null, {}, error);
      await this.media.setOn(kind, false);
    }
  }

  async #tried(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#say(null, {}, error);
    }
  }

  #line(name: string, text: string, own: boolean): ChatLine {
    return { id: this.#nextId++, name, text, at: Date.now(), own, failed: false };
  }

  #addLine(line: ChatLine): void {
    this.update({ chat: [...this.get().chat, line].slice(-keptLines) });
  }

  #say(key: TextKey | null, params: Readonly<Record<string, string>> = {}, error: unknown = null): void {
    const notice: Notice = { id: this.#nextId++, key, params, error };
    const others = this.get().notices.filter((one) => key === null || one.key !== key);
    this.update({ notices: [...others.slice(-2), notice] });
    const timer = setTimeout(() => this.dismiss(notice.id), noticeMs);
    this.#stops.push(() => clearTimeout(timer));
  }
}
