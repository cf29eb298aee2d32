import type { Clock } from '@backlot/contract';
import {
  attributeOf,
  decodeAddress,
  decodeStun,
  type Endpoint,
  encodeAddress,
  encodeStun,
  errorOf,
  longTermKey,
  newTransaction,
  type StunMessage,
  stunAttributes,
  stunClasses,
  stunMethods,
} from './stun-message.ts';
import type { StunTransport } from './stun-transport.ts';
import { TurnFault } from './turn-fault.ts';
import type { TurnAddress } from './turn-url.ts';

export interface TurnClientOptions {
  readonly target: TurnAddress;
  readonly transport: StunTransport;
  readonly username: string;
  readonly credential: string;
  readonly clock: Clock;
  /** For each answer, repetitions included. */
  readonly timeoutMs: number;
}

type Attribute = StunMessage['attributes'][number];

/** Over UDP a request is said again after these, in milliseconds (RFC 8489 §6.2.1, shortened). */
const repeatMs = [300, 600, 1_200];
/** UDP, in REQUESTED-TRANSPORT: the protocol number in the first byte. */
const relayUdp = Buffer.from([17, 0, 0, 0]);

/**
 * One client of a TURN server: enough of RFC 8656 to be given a relayed address, send and receive through it, and give
 * it back. It is for trying a server, not for media.
 */
export class TurnClient {
  readonly #options: TurnClientOptions;
  readonly #waiting = new Map<string, (answer: StunMessage | TurnFault) => void>();
  #key: Buffer | undefined;
  #realm = '';
  #nonce = '';
  #fault: TurnFault | undefined;
  #onData: (data: Buffer) => void = () => undefined;

  constructor(options: TurnClientOptions) {
    this.#options = options;
    options.transport.onMessage((bytes) => this.#receive(bytes));
    options.transport.onFault((fault) => {
      this.#fault = fault;
      for (const settle of [...this.#waiting.values()]) settle(fault);
    });
  }

  /** How the server sees us. @throws TurnFault */
  async bind(): Promise<Endpoint | undefined> {
    const answer = await this.#request(stunMethods.binding, []);
    return this.#address(answer, stunAttributes.xorMappedAddress);
  }

  /**
   * Asks for a relayed address, as everybody has to: once without credentials, to be told realm and nonce, and once
   * with. @throws TurnFault
   */
  async allocate(): Promise<Endpoint> {
    const wanted: Attribute[] = [{ type: stunAttributes.requestedTransport, value: relayUdp }];
    const first = await this.#request(stunMethods.allocate, wanted);
    if (first.class === stunClasses.success) throw new TurnFault('streams.turn.open_relay');
    this.#challenge(first);
    let answer = await this.#request(stunMethods.allocate, wanted);
    if (errorOf(answer)?.code === 438) {
      // A stale nonce is no refusal (RFC 8489 §9.2.4).
      this.#challenge(answer);
      answer = await this.#request(stunMethods.allocate, wanted);
    }
    const relayed = this.#address(this.#accepted(answer), stunAttributes.xorRelayedAddress);
    if (!relayed) throw this.#notTurn();
    return relayed;
  }

  /** Lets packets of a peer's address through. @throws TurnFault */
  async permit(peer: Endpoint): Promise<void> {
    const transaction = newTransaction();
    const value = encodeAddress(peer, transaction);
    const attributes = [{ type: stunAttributes.xorPeerAddress, value }];
    this.#accepted(await this.#request(stunMethods.createPermission, attributes, transaction));
  }

  /** Sends a packet to a peer by way of the relay. */
  sendTo(peer: Endpoint, data: Buffer): void {
    const transaction = newTransaction();
    this.#options.transport.send(
      encodeStun({
        method: stunMethods.send,
        class: stunClasses.indication,
        transaction,
        attributes: [
          { type: stunAttributes.xorPeerAddress, value: encodeAddress(peer, transaction) },
          { type: stunAttributes.data, value: data },
        ],
      }),
    );
  }

  onData(listener: (data: Buffer) => void): void {
    this.#onData = listener;
  }

  /** Gives the relayed address back. What goes wrong with it is not worth a word: it expires by itself. */
  async release(): Promise<void> {
    const zero = [{ type: stunAttributes.lifetime, value: Buffer.alloc(4) }];
    if (this.#key && !this.#fault) await this.#request(stunMethods.refresh, zero).catch(() => undefined);
    this.#options.transport.close();
  }

  #challenge(answer: StunMessage): void {
    const realm = attributeOf(answer, stunAttributes.realm)?.toString();
    const nonce = attributeOf(answer, stunAttributes.nonce)?.toString();
    const error = errorOf(answer);
    if (error?.code !== 401 && error?.code !== 438) {
      throw error ? this.#refused(error) : this.#notTurn();
    }
    if (realm === undefined || nonce === undefined) throw new TurnFault('streams.turn.no_credentials');
    const { username, credential } = this.#options;
    this.#realm = realm;
    this.#nonce = nonce;
    this.#key = longTermKey(username, realm, credential);
  }

  #accepted(answer: StunMessage): StunMessage {
    if (answer.class === stunClasses.success) return answer;
    const error = errorOf(answer);
    throw error ? this.#refused(error) : this.#notTurn();
  }

  #refused(error: { code: number; reason: string }): TurnFault {
    const params = { code: error.code, reason: error.reason.slice(0, 100) };
    if (error.code === 401 || error.code === 431) return new TurnFault('streams.turn.wrong_secret');
    if (error.code === 486 || error.code === 508) return new TurnFault('streams.turn.over_quota', params);
    return new TurnFault('streams.turn.refused', params);
  }

  #notTurn(): TurnFault {
    const { host, port } = this.#options.target;
    return new TurnFault('streams.turn.not_turn', { host, port });
  }

  #address(answer: StunMessage, type: number): Endpoint | undefined {
    const value = attributeOf(answer, type);
    return value && decodeAddress(value, answer.transaction);
  }

  #receive(bytes: Buffer): void {
    const message = decodeStun(bytes);
    if (!message) {
      // Somebody else's protocol, on a port where we ask only one server.
      for (const settle of [...this.#waiting.values()]) settle(this.#notTurn());
      return;
    }
    if (message.method === stunMethods.data && message.class === stunClasses.indication) {
      const data = attributeOf(message, stunAttributes.data);
      if (data) this.#onData(data);
      return;
    }
    this.#waiting.get(message.transaction.toString('hex'))?.(message);
  }

  #request(
    method: number,
    attributes: readonly Attribute[],
    transaction = newTransaction(),
  ): Promise<StunMessage> {
    const { transport, clock, timeoutMs, target, username } = this.#options;
    if (this.#fault) return Promise.reject(this.#fault);
    const credentials: Attribute[] = this.#key
      ? [
          { type: stunAttributes.username, value: Buffer.from(username) },
          { type: stunAttributes.realm, value: Buffer.from(this.#realm) },
          { type: stunAttributes.nonce, value: Buffer.from(this.#nonce) },
        ]
      : [];
    const bytes = encodeStun(
      { method, class: stunClasses.request, transaction, attributes: [...attributes, ...credentials] },
      this.#key,
    );
    return new Promise((resolve, reject) => {
      const id = transaction.toString('hex');
      const cancels: (() => void)[] = [];
      const settle = (answer: StunMessage | TurnFault) => {
        this.#waiting.delete(id);
        for (const cancel of cancels) cancel();
        if (answer instanceof TurnFault) reject(answer);
        else resolve(answer);
      };
      this.#waiting.set(id, settle);
      const { host, port, transport: way } = target;
      cancels.push(
        clock.after(timeoutMs, () =>
          settle(
            new TurnFault('streams.turn.no_answer', {
              host,
              port,
              transport: way.toUpperCase(),
              seconds: timeoutMs / 1_000,
            }),
          ),
        ),
      );
      transport.send(bytes);
      if (!transport.lossy) return;
      let at = 0;
      for (const pause of repeatMs) {
        at += pause;
        cancels.push(clock.after(at, () => transport.send(bytes)));
      }
    });
  }
}
