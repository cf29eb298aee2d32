import type { Clock } from '@backlot/contract/clock';
import type { types } from 'mediasoup-client';

/** A short break heals by itself; after this long the path is asked for anew. */
const patienceMs = 2_000;
/** So many restarts without success, and the transport is made anew. */
const mostRestarts = 3;
const restartPauseMs = 4_000;

interface KeeperOptions {
  readonly clock: Clock;
  /** New ICE parameters from the server. */
  readonly restartIce: (transportId: string) => Promise<types.IceParameters>;
  /** Restarts did not help, or the server knows nothing of the transport. */
  readonly onHopeless: () => void;
}

/**
 * Keeps a transport connected: when its path breaks, or the network has changed, ICE is restarted, which changes the path
 * and nothing else; when that does not help, it is given up and made anew.
 */
export class TransportKeeper {
  readonly #transport: types.Transport;
  readonly #options: KeeperOptions;
  #restarts = 0;
  #restarting = false;
  #cancel = () => {};

  constructor(transport: types.Transport, options: KeeperOptions) {
    this.#transport = transport;
    this.#options = options;
    transport.on('connectionstatechange', (state) => this.#changed(state));
  }

  /** The network of this machine has changed: do not wait until the old path is found dead. */
  networkChanged(): void {
    if (
      this.#transport.connectionState === 'connected' ||
      this.#transport.connectionState === 'disconnected'
    ) {
      void this.#restart();
    }
  }

  close(): void {
    this.#cancel();
  }

  #changed(state: types.ConnectionState): void {
    this.#cancel();
    if (state === 'connected') {
      this.#restarts = 0;
      return;
    }
    if (state !== 'disconnected' && state !== 'failed') return;
    this.#restartAfter(state === 'failed' ? 0 : patienceMs);
  }

  #restartAfter(ms: number): void {
    this.#cancel = this.#options.clock.after(ms, () => void this.#restart());
  }

  async #restart(): Promise<void> {
    if (this.#restarting || this.#transport.closed) return;
    if (this.#restarts >= mostRestarts) {
      this.#options.onHopeless();
      return;
    }
    this.#restarts += 1;
    this.#restarting = true;
    try {
      const iceParameters = await this.#options.restartIce(this.#transport.id);
      if (!this.#transport.closed) await this.#transport.restartIce({ iceParameters });
    } catch {
      // Without signalling there is nobody to ask; after a resume the next try finds out what the transport is worth.
    } finally {
      this.#restarting = false;
    }
    if (!this.#transport.closed && this.#transport.connectionState !== 'connected') {
      this.#cancel();
      this.#restartAfter(restartPauseMs);
    }
  }
}
