import type { Clock } from '@backlot/contract/clock';
import type { PageMessage } from '../data-channel/messages.ts';
import type { IceCandidate, MediaTrack, PeerConnectionConfig } from '../webrtc/wrtc.ts';
import { SignallingLink, type SignalMessage } from './signalling-link.ts';
import { Viewer } from './viewer.ts';

export interface StreamerOptions {
  readonly url: string;
  /** What it calls itself when the server asks; a server that has given it an address by ticket knows better. */
  readonly id: string;
  readonly tracks: readonly MediaTrack[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: (line: string) => void;
  readonly initialSettings: () => unknown;
  onInput(player: string, message: PageMessage): void;
  onViewersChanged(): void;
}

/** The protocol that streamers say that they speak. */
const protocolVersion = '1.3.0';

/**
 * The streaming half of the demo application: it does what the plugin of Unreal Engine does. One connection for each
 * player, made when the server tells of it; connections that stand outlive the socket to the server.
 */
export class Streamer {
  readonly #options: StreamerOptions;
  readonly #link: SignallingLink;
  readonly #viewers = new Map<string, Viewer>();
  #config: PeerConnectionConfig = {};

  constructor(options: StreamerOptions) {
    this.#options = options;
    this.#link = new SignallingLink({
      url: options.url,
      clock: options.clock,
      random: options.random,
      onOpen: () => options.log('signalling connected'),
      onMessage: (message) => this.#take(message),
      onClose: (code, reason) => options.log(`signalling closed: ${code} ${reason}`),
    });
  }

  get viewers(): readonly Viewer[] {
    return [...this.#viewers.values()];
  }

  open(): void {
    this.#link.open();
  }

  close(): void {
    for (const viewer of this.#viewers.values()) viewer.close();
    this.#viewers.clear();
    this.#link.close();
  }

  #take(message: SignalMessage): void {
    const player = playerOf(message.playerId);
    switch (message.type) {
      case 'identify':
        this.#link.send({ type: 'endpointId', id: this.#options.id, protocolVersion });
        return;
      case 'config':
        this.#config = (message.peerConnectionOptions ?? {}) as PeerConnectionConfig;
        return;
      case 'endpointIdConfirm':
        this.#options.log(`registered as ${String(message.committedId)}`);
        return;
      case 'playerConnected':
        if (player === undefined) return;
        // The page will offer by itself.
        if (message.sendOffer === false) return;
        this.#join(player, message.dataChannel !== false)
          .offer()
          .catch((error: unknown) => this.#failed(player, error));
        return;
      case 'playerDisconnected':
        if (player !== undefined) this.#leave(player);
        return;
      case 'offer': {
        if (player === undefined || typeof message.sdp !== 'string') return;
        const viewer = this.#viewers.get(player) ?? this.#join(player, false);
        viewer.answer(message.sdp).catch((error: unknown) => this.#failed(player, error));
        return;
      }
      case 'answer':
        if (player === undefined || typeof message.sdp !== 'string') return;
        this.#viewers
          .get(player)
          ?.answered(message.sdp)
          .catch((error: unknown) => this.#failed(player, error));
        return;
      case 'iceCandidate':
        if (player === undefined) return;
        // One candidate that can't be read costs a way, not the connection.
        this.#viewers
          .get(player)
          ?.candidate(message.candidate as IceCandidate)
          .catch(() => this.#options.log(`player ${player} sent a candidate that can't be used`));
    }
  }

  /** Asked again for a player that is there, the page has begun anew: it gets a new connection. */
  #join(player: string, dataChannel: boolean): Viewer {
    this.#viewers.get(player)?.close();
    const viewer = new Viewer({
      id: player,
      clock: this.#options.clock,
      config: this.#config,
      tracks: this.#options.tracks,
      dataChannel,
      initialSettings: this.#options.initialSettings,
      send: (message) => void this.#link.send({ ...message, playerId: player }),
      onInput: (message) => this.#options.onInput(player, message),
      onGone: () => this.#leave(player, viewer),
    });
    this.#viewers.set(player, viewer);
    this.#options.log(`player ${player} joined`);
    this.#options.onViewersChanged();
    return viewer;
  }

  #leave(player: string, only?: Viewer): void {
    const viewer = this.#viewers.get(player);
    if (!viewer || (only && viewer !== only)) return;
    viewer.close();
    this.#viewers.delete(player);
    this.#options.log(`player ${player} left`);
    this.#options.onViewersChanged();
  }

  #failed(player: string, error: unknown): void {
    this.#options.log(`player ${player}: ${error instanceof Error ? error.message : String(error)}`);
    this.#leave(player);
  }
}

/** Servers of different ages write ids as texts or as numbers. */
function playerOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
