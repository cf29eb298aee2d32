import type { MediaEvent } from '../contract/media/events.ts';
import type { RtpCapabilities } from '../contract/media/rtp.ts';
import { publishRtp, type RtpPublisher } from './rtp-publisher.ts';
import type { Shard } from './shard.ts';
import { joinViewer, type Viewer } from './viewer.ts';

/**
 * One publisher and its viewers, who behave as the SDK does: whoever loses transports makes new ones at once, the publisher
 * publishes again, and viewers take whatever is published now.
 */
export class CallRoom<R extends Shard = Shard> {
  readonly room: R;
  readonly #packetsPerSecond: number;
  #capabilities: RtpCapabilities | undefined;
  #publisher: RtpPublisher | undefined;
  #publishing: Promise<void> | undefined;
  readonly #viewers = new Map<string, Viewer>();
  readonly #joining = new Map<string, Promise<void>>();
  #seen = 0;
  #closed = false;
  readonly #timer: NodeJS.Timeout;

  constructor(room: R, packetsPerSecond: number) {
    this.room = room;
    this.#packetsPerSecond = packetsPerSecond;
    this.#timer = setInterval(() => this.#follow(), 20);
  }

  get viewers(): readonly Viewer[] {
    return [...this.#viewers.values()];
  }

  async open(viewers: number): Promise<void> {
    this.#capabilities = await this.room.call('getRouterRtpCapabilities', {});
    await this.#publish();
    for (let index = 0; index < viewers; index += 1) await this.#join(`viewer-${index}`);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#publisher?.close();
    for (const viewer of this.#viewers.values()) viewer.close();
  }

  #follow(): void {
    for (; this.#seen < this.room.events.length; this.#seen += 1) {
      const event = this.room.events[this.#seen];
      if (event) this.#react(event);
    }
  }

  #react(event: MediaEvent): void {
    if (event.event === 'producerClosed') void this.#publish();
    else if (event.event === 'transportsLost' && event.owner.startsWith('viewer-'))
      void this.#join(event.owner);
    else if (
      event.event === 'consumerClosed' &&
      this.#viewers.get(event.owner)?.consumerIds.includes(event.consumerId)
    )
      void this.#join(event.owner);
  }

  async #publish(): Promise<void> {
    this.#publishing ??= (async () => {
      this.#publisher?.close();
      this.#publisher = undefined;
      this.#publisher = await this.#retry(() =>
        publishRtp(this.room, {
          owner: 'publisher',
          kind: 'video',
          packetsPerSecond: this.#packetsPerSecond,
        }),
      );
    })().finally(() => {
      this.#publishing = undefined;
    });
    await this.#publishing;
  }

  async #join(owner: string): Promise<void> {
    const before = this.#joining.get(owner);
    if (before) return await before;
    const joining = (async () => {
      const old = this.#viewers.get(owner);
      this.#viewers.delete(owner);
      old?.close();
      if (old) await this.room.ask('rooms.closeTransport', { transportId: old.transportId, owner });
      const viewer = await this.#retry(async () => {
        await this.#publishing;
        const producerId = this.#publisher?.producerId;
        if (!producerId || !this.#capabilities) throw new Error('nothing is published');
        return await joinViewer(this.room, {
          owner,
          producerIds: [producerId],
          rtpCapabilities: this.#capabilities,
        });
      });
      if (viewer) this.#viewers.set(owner, viewer);
    })().finally(() => this.#joining.delete(owner));
    this.#joining.set(owner, joining);
    await joining;
  }

  async #retry<T>(work: () => Promise<T>): Promise<T | undefined> {
    while (!this.#closed) {
      try {
        return await work();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    return undefined;
  }
}
