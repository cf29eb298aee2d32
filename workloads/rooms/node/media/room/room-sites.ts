import type { Clock } from '@backlot/contract/clock';
import type { types } from 'mediasoup';
import type { RouterCodec } from '../../../contract/media/rtp.ts';
import type { ShardSettings } from '../../../contract/media/settings.ts';
import { chooseForViewer, chooseHome } from '../placement/choose.ts';
import { Refusal } from '../refusal.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';
import type { WorkerSlot } from '../workers/worker-slot.ts';
import { RoomSite } from './room-site.ts';

/** How long a call waits for a worker that is being started again, in milliseconds. */
const patienceMs = 5_000;

export interface RoomSitesParts {
  readonly key: string;
  readonly settings: ShardSettings;
  readonly pool: WorkerPool;
  readonly clock: Clock;
  /** The room has a home, the first or a new one: observers and the like are to be set up there. */
  homed(site: RoomSite): Promise<void>;
}

/** The routers of a room: one at home, where publishers are, and edges on other workers for viewers. */
export class RoomSites {
  readonly #parts: RoomSitesParts;
  readonly #sites = new Map<string, Promise<RoomSite>>();
  readonly #open: RoomSite[] = [];
  #home: Promise<RoomSite> | undefined;
  #homeSite: RoomSite | undefined;
  #closed = false;

  constructor(parts: RoomSitesParts) {
    this.#parts = parts;
  }

  /** All routers that are open, the home first. */
  get all(): readonly RoomSite[] {
    const rest = this.#open.filter((site) => site !== this.#homeSite && !site.closed);
    return this.#homeSite && !this.#homeSite.closed ? [this.#homeSite, ...rest] : rest;
  }

  /** The home router; found a new place when the old one has died. */
  home(): Promise<RoomSite> {
    if (this.#closed) return Promise.reject(new Refusal('unavailable', 'The room is closing.'));
    this.#home ??= this.#findHome().catch((error: unknown) => {
      this.#home = undefined;
      throw error;
    });
    return this.#home;
  }

  /** The router for a viewer who is expected to need so many packets per second. */
  async forViewer(packets: number, codecs?: readonly RouterCodec[]): Promise<RoomSite> {
    const home = await this.home();
    const { pool, settings } = this.#parts;
    const index = chooseForViewer({
      workers: pool.loads(),
      home: { worker: home.slot.index, consumers: home.consumers },
      edges: this.all
        .filter((site) => site !== home && site.codecKey === '')
        .map((site) => ({ worker: site.slot.index, consumers: site.consumers })),
      maxConsumersPerRouter: settings.maxConsumersPerRouter,
      packets,
    });
    return await this.#siteOn(index === undefined ? home.slot : pool.slot(index), codecs);
  }

  /** A worker has died: its routers are forgotten. True when the home was among them. */
  lost(slot: WorkerSlot): boolean {
    const wasHome = this.#homeSite?.slot === slot;
    for (const [key, site] of this.#sites) {
      if (!key.startsWith(`${slot.index}|`)) continue;
      this.#sites.delete(key);
      site.catch(() => {});
    }
    for (const site of this.#open.filter((one) => one.slot === slot)) this.#drop(site);
    if (wasHome) {
      this.#homeSite = undefined;
      this.#home = undefined;
    }
    return wasHome;
  }

  /** A router with payload types of its own goes with its last transport. */
  closeIfUnused(site: RoomSite): void {
    if (site.codecKey === '' || site.transports > 0) return;
    this.#sites.delete(keyOf(site.slot, site.codecKey));
    this.#drop(site);
    site.router.close();
  }

  close(): void {
    this.#closed = true;
    for (const site of this.#open.splice(0)) site.router.close();
    this.#sites.clear();
  }

  #drop(site: RoomSite): void {
    const at = this.#open.indexOf(site);
    if (at >= 0) this.#open.splice(at, 1);
  }

  async #findHome(): Promise<RoomSite> {
    const { pool, key, settings } = this.#parts;
    const slot = await this.#runningSlot();
    const site = await this.#siteOn(slot);
    // Until the first participants cost something, the room's declared size keeps others away.
    slot.ledger.reserve(key, settings.expectedPackets);
    this.#homeSite = site;
    await this.#parts.homed(site);
    if (site.closed)
      throw new Refusal('unavailable', `Worker ${slot.index} of ${pool.slots.length} has just died.`);
    return site;
  }

  /** The worker with most headroom; when none runs, whichever is back first. */
  async #runningSlot(): Promise<WorkerSlot> {
    const { pool, clock } = this.#parts;
    const until = clock.monotonic() + patienceMs;
    for (;;) {
      const index = chooseHome(pool.loads());
      if (index !== undefined) return pool.slot(index);
      if (clock.monotonic() > until)
        throw new Refusal('unavailable', 'No worker of this node runs at the moment.');
      await Promise.race([...pool.slots.map((slot) => slot.ready()), clock.sleep(100)]);
      await clock.sleep(10);
    }
  }

  #siteOn(slot: WorkerSlot, codecs?: readonly RouterCodec[]): Promise<RoomSite> {
    const key = keyOf(slot, codecs ? JSON.stringify(codecs) : '');
    const existing = this.#sites.get(key);
    if (existing) return existing;
    const made = this.#make(slot, codecs);
    this.#sites.set(key, made);
    made.catch(() => {
      if (this.#sites.get(key) === made) this.#sites.delete(key);
    });
    return made;
  }

  async #make(slot: WorkerSlot, codecs?: readonly RouterCodec[]): Promise<RoomSite> {
    const running = slot.running;
    if (!running) throw new Refusal('unavailable', `Worker ${slot.index} is being started again.`);
    const mediaCodecs = [...(codecs ?? this.#parts.settings.codecs)] as types.RouterRtpCodecCapability[];
    const router = await running.worker.createRouter({ mediaCodecs });
    const site = new RoomSite(slot, router, this.#parts.clock, codecs ? JSON.stringify(codecs) : '');
    if (this.#closed) router.close();
    else this.#open.push(site);
    return site;
  }
}

const keyOf = (slot: WorkerSlot, codecKey: string) => `${slot.index}|${codecKey}`;
