import type { types } from 'mediasoup';
import type { ShardSettings } from '../../../contract/media/settings.ts';
import type { EventLog } from './event-log.ts';
import type { RoomSite } from './room-site.ts';

/** Who speaks in a room: levels of the loudest, and the one who dominates. Every voice is at home, so one pair will do. */
export class Speakers {
  readonly #settings: ShardSettings;
  readonly #events: EventLog;
  readonly #ownerOf: (producerId: string) => string | undefined;
  #levels: types.AudioLevelObserver | undefined;
  #dominant: types.ActiveSpeakerObserver | undefined;
  #volumes = new Map<string, number>();
  #active: string | null = null;

  constructor(
    settings: ShardSettings,
    events: EventLog,
    ownerOf: (producerId: string) => string | undefined,
  ) {
    this.#settings = settings;
    this.#events = events;
    this.#ownerOf = ownerOf;
  }

  /** Owner of the voice that dominates; null in silence. */
  get active(): string | null {
    return this.#active;
  }

  /** Watches from here on; producers are added anew. */
  async settle(site: RoomSite): Promise<void> {
    const { levelEntries, levelThreshold, levelIntervalMs } = this.#settings;
    const [levels, dominant] = await Promise.all([
      site.router.createAudioLevelObserver({
        maxEntries: levelEntries,
        threshold: levelThreshold,
        interval: levelIntervalMs,
      }),
      site.router.createActiveSpeakerObserver(),
    ]);
    levels.on('volumes', (volumes) => this.#heard(volumes));
    levels.on('silence', () => this.#silent());
    dominant.on('dominantspeaker', ({ producer }) => this.#dominates(producer.id));
    this.#levels = levels;
    this.#dominant = dominant;
    this.#volumes.clear();
  }

  async add(producerId: string): Promise<void> {
    await Promise.all([
      this.#levels?.addProducer({ producerId }),
      this.#dominant?.addProducer({ producerId }),
    ]);
  }

  /** A producer has ended. mediasoup has taken it out of the observers. */
  gone(owner: string, producerId: string): void {
    this.#volumes.delete(producerId);
    if (this.#active !== owner) return;
    this.#active = null;
    this.#events.tell({ event: 'activeSpeaker', owner: null, producerId: null, volume: null });
  }

  #heard(volumes: readonly types.AudioLevelObserverVolume[]): void {
    this.#volumes = new Map(volumes.map(({ producer, volume }) => [producer.id, volume]));
    const heard = volumes.flatMap(({ producer, volume }) => {
      const owner = this.#ownerOf(producer.id);
      return owner === undefined ? [] : [{ owner, producerId: producer.id, volume }];
    });
    this.#events.tell({ event: 'speakingPeers', volumes: heard });
    // Who begins after a silence is told by the level; the dominance detector tells changes only.
    if (this.#active === null && heard[0]) this.#dominates(heard[0].producerId);
  }

  #silent(): void {
    this.#volumes.clear();
    this.#events.tell({ event: 'speakingPeers', volumes: [] });
    this.#active = null;
    this.#events.tell({ event: 'activeSpeaker', owner: null, producerId: null, volume: null });
  }

  #dominates(producerId: string): void {
    const owner = this.#ownerOf(producerId);
    if (owner === undefined || owner === this.#active) return;
    this.#active = owner;
    this.#events.tell({
      event: 'activeSpeaker',
      owner,
      producerId,
      volume: this.#volumes.get(producerId) ?? null,
    });
  }
}
