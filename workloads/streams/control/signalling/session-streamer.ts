import { BacklotError, type Language } from '@backlot/contract';
import { closeCodes, wireErrors } from '../../contract.ts';
import type { AttachedStreamer, StreamerConnection } from '../ports.ts';
import type { Frame } from './frame.ts';
import { closeCodeOf, type House } from './house.ts';
import type { SignalSocket } from './signal-socket.ts';
import { Streamer } from './streamer.ts';

/**
 * The socket of an instance's streamer. The launch ticket in its address says which instance it is; the id that it
 * gives itself is only a hint, and the one that it is confirmed is the instance's.
 */
export class SessionStreamer implements StreamerConnection {
  readonly #house: House;
  readonly #line: SignalSocket;
  readonly #language: Language;
  #attached: AttachedStreamer | undefined;
  #streamer: Streamer | undefined;
  #early: Frame | undefined;
  #isClosed = false;
  #cancelAttach: (() => void) | undefined;

  constructor(house: House, line: SignalSocket, language: Language) {
    this.#house = house;
    this.#line = line;
    this.#language = language;
  }

  /** Shows its ticket. Never rejects. */
  async attach(ticket: string): Promise<void> {
    this.#cancelAttach = this.#house.clock.after(this.#house.limits.attachMs, () =>
      this.#refuse(new BacklotError(wireErrors.attach_timed_out)),
    );
    try {
      const attached = await this.#house.turnstile.pass(
        'streamer',
        () => this.#line.isOpen,
        () => this.#house.instances.attach(ticket, this),
      );
      this.#cancelAttach();
      if (!attached) return; // It has left the line.
      if (this.#isClosed) {
        attached.detach();
        return;
      }
      this.#attached = attached;
      if (!this.#line.isOpen) return; // Its close comes, and detaches.
      this.#takeIn(attached);
    } catch (error) {
      this.#cancelAttach();
      if (!(error instanceof BacklotError)) {
        this.#house.log.error({ err: error }, 'a streamer could not be let in');
      }
      this.#refuse(error instanceof BacklotError ? error : new BacklotError(wireErrors.signalling_fault));
    }
  }

  handle(frame: Frame): void {
    if (this.#streamer) this.#streamer.handle(frame);
    else if (frame.type === 'endpointId') this.#early = frame;
    else if (frame.type === 'ping' && typeof frame.fields.time === 'number') {
      this.#line.say({ type: 'pong', time: frame.fields.time });
    } else this.#house.counters.dropped += 1;
  }

  closed(code: number, reason: string): void {
    this.#isClosed = true;
    this.#cancelAttach?.();
    this.#streamer?.closed(code, reason);
    this.#attached?.detach();
  }

  close(why: 'replaced' | 'ended'): void {
    const kind = why === 'replaced' ? wireErrors.socket_replaced : wireErrors.streamer_left;
    this.#line.close(closeCodes.over, new BacklotError(kind).sentence(this.#language));
  }

  #takeIn(attached: AttachedStreamer): void {
    const { instanceId, app } = attached;
    const streamer = new Streamer({
      house: this.#house,
      line: this.#line,
      user: instanceId,
      refused: this.#house.refusedBy(app.id),
      onIdentified: async () => {
        await attached.ready();
        return { stage: () => this.#house.stage(instanceId), confirmedId: instanceId };
      },
    });
    this.#streamer = streamer;
    streamer.start();
    if (this.#early) streamer.handle(this.#early);
    this.#early = undefined;
  }

  #refuse(error: BacklotError): void {
    this.#house.counters.refuse(error.code);
    this.#line.close(closeCodeOf(error.kind), error.sentence(this.#language));
  }
}
