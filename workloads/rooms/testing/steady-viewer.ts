import { capabilities, Person } from './person.ts';
import { type Receiver, receive } from './viewer.ts';

/**
 * A viewer as our own clients are one: real ICE, DTLS and SRTP, signalling that is taken up again whenever its socket
 * breaks. It counts what comes and what is missing.
 */
export class SteadyViewer {
  readonly person: Person;
  readonly resumed: number[] = [];
  #receiver: Receiver | null = null;
  #ended = false;

  private constructor(person: Person) {
    this.person = person;
  }

  static async join(url: string, room: string, identity: string): Promise<SteadyViewer> {
    let viewer: SteadyViewer;
    let transport: Parameters<typeof receive>[1] & { transportId: string };
    const person = await Person.connect({
      url,
      room,
      identity,
      query: { client: 'backlot' },
      async answer(method, data) {
        if (method === 'newConsumer') await viewer.#take(transport, data as never);
        return {};
      },
    });
    viewer = new SteadyViewer(person);
    transport = await person.request('createWebRtcTransport', { appData: { direction: 'consumer' } });
    await person.request('join', { displayName: identity, rtpCapabilities: capabilities });
    void viewer.#stay();
    return viewer;
  }

  get received(): number {
    return this.#receiver?.received ?? 0;
  }
  get missing(): number {
    return this.#receiver?.missing ?? 0;
  }

  async #take(
    transport: Parameters<typeof receive>[1] & { transportId: string },
    consumer: Parameters<typeof receive>[2][number],
  ): Promise<void> {
    if (this.#receiver) return;
    this.#receiver = await receive(this.person.options.identity ?? '', transport, [consumer]);
    await this.person.request('connectWebRtcTransport', {
      transportId: transport.transportId,
      dtlsParameters: this.#receiver.dtlsParameters,
    });
  }

  /** Comes back after every break, as long as it is told that it may. */
  async #stay(): Promise<void> {
    while (!this.#ended) {
      await this.person.untilClosed().catch(() => undefined);
      if (!this.person.closed) continue;
      const since = Date.now();
      while (!this.#ended) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        await this.person.reconnect();
        if (this.person.closed) continue;
        // A control plane that has just begun may be busy with what was; a refusal is final.
        await this.person.resume();
        this.resumed.push(Date.now() - since);
        break;
      }
    }
  }

  close(): void {
    this.#ended = true;
    this.#receiver?.close();
    this.person.close();
  }
}
