import { StreamSession, type StreamSessionOptions } from '@backlot/sdk/streams';
import { apply, initialState, type PlayerChange, type PlayerState } from './player-state.ts';

/** Every event of a session, so that none is forgotten when one is added. */
const names = {
  phase: true,
  session: true,
  queued: true,
  starting: true,
  ready: true,
  playing: true,
  blocked: true,
  muted: true,
  role: true,
  controlWanted: true,
  refused: true,
  warning: true,
  reconnecting: true,
  ended: true,
  response: true,
  textWanted: true,
  stats: true,
} as const satisfies Record<keyof import('@backlot/sdk/streams').StreamEvents, true>;

/** A session with its state for the page, and everybody who is told when it changes. Ends with `close`. */
export class Player {
  readonly session: StreamSession;
  #state: PlayerState;
  readonly #watchers = new Set<() => void>();

  /** @param onEvent hears every event by its name, for the page around this one. */
  constructor(options: StreamSessionOptions, onEvent: (name: string, data: object) => void) {
    this.#state = initialState(options.role ?? 'controller', options.muted ?? false, performance.now());
    this.session = new StreamSession(options);
    for (const name of Object.keys(names) as (keyof typeof names)[]) {
      this.session.on(name, (event) => {
        this.change({ name, event } as PlayerChange);
        onEvent(name, event);
      });
    }
  }

  get state(): PlayerState {
    return this.#state;
  }

  readonly read = (): PlayerState => this.#state;

  readonly watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  change(change: PlayerChange): void {
    this.#state = apply(this.#state, change, performance.now());
    for (const watcher of [...this.#watchers]) watcher();
  }

  close(): void {
    this.session.dispose();
    this.#watchers.clear();
  }
}
