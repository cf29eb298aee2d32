import type { Call, ControlMessages } from '@backlot/contract';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { linkErrors } from '@backlot/contract/errors/link';
import { Id } from '@backlot/contract/id';
import { Call as CallSchema, controlMessages } from '@backlot/contract/link/messages';
import { z } from 'zod';
import type { Fabric } from '../../kernel.ts';
import type { LinkDirectory } from './directory.ts';

/** What may be sent to a node through another replica. */
export type Relayed = 'offer' | 'stop' | 'freeze' | 'thaw' | 'token';

const Presence = z.object({ replica: z.string(), nodeId: Id, connected: z.boolean() });
const Send = z.object({
  nodeId: Id,
  t: z.enum(['offer', 'stop', 'freeze', 'thaw', 'token']),
  b: z.unknown(),
});
const CallRequest = z.object({ nodeId: Id, call: CallSchema });
const CallAnswer = z.union([
  z.object({ payload: z.unknown() }),
  z.object({ error: z.object({ code: z.string(), message: z.string() }) }),
]);

/** On top of a call's own deadline, for the way between two replicas. */
const RELAY_MS = 1_000;

/** What the relay asks of the server it belongs to. */
export interface RelayTarget {
  readonly replica: string;
  readonly directory: LinkDirectory;
  sendHere<T extends Relayed>(nodeId: string, type: T, body: ControlMessages[T]): boolean;
  callHere(nodeId: string, call: Call): Promise<unknown>;
  /** The node has signed in at another replica: its link here is an old one. */
  connectedElsewhere(nodeId: string): void;
}

/**
 * Reaches nodes whose link ends at another replica. Anything here may be lost: offers expire and are made again,
 * stops are repeated by the sweep, calls time out.
 */
export class LinkRelay {
  readonly #fabric: Fabric;
  readonly #target: RelayTarget;
  readonly #undo: (() => void)[] = [];

  constructor(fabric: Fabric, target: RelayTarget) {
    this.#fabric = fabric;
    this.#target = target;
  }

  start(): void {
    const { replica } = this.#target;
    this.#undo.push(
      this.#fabric.subscribe('nodes.presence', (message) => this.#presence(message)),
      this.#fabric.subscribe(`nodes.send.${replica}`, (message) => this.#sent(message)),
      this.#fabric.serve(`nodes.call.${replica}`, (message) => this.#called(message)),
    );
  }

  announce(nodeId: string, connected: boolean): void {
    this.#fabric.publish('nodes.presence', { replica: this.#target.replica, nodeId, connected });
  }

  send<T extends Relayed>(replica: string, nodeId: string, t: T, b: ControlMessages[T]): boolean {
    this.#fabric.publish(`nodes.send.${replica}`, { nodeId, t, b });
    return true;
  }

  async call(replica: string, nodeId: string, call: Call): Promise<unknown> {
    const timeoutMs = call.deadlineMs + RELAY_MS;
    const raw = await this.#fabric.request(`nodes.call.${replica}`, { nodeId, call }, { timeoutMs });
    const answer = CallAnswer.parse(raw);
    if ('payload' in answer) return answer.payload;
    throw new BacklotError(linkErrors.call_failed, {
      params: { method: call.method, reason: answer.error.message },
    });
  }

  close(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }

  #presence(raw: unknown): void {
    const message = Presence.safeParse(raw);
    if (!message.success || message.data.replica === this.#target.replica) return;
    const { nodeId, replica, connected } = message.data;
    if (connected) {
      this.#target.connectedElsewhere(nodeId);
      this.#target.directory.setReplica(nodeId, replica);
    } else if (this.#target.directory.replica(nodeId) === replica) {
      this.#target.directory.setReplica(nodeId, null);
    }
  }

  #sent(raw: unknown): void {
    const message = Send.safeParse(raw);
    if (!message.success) return;
    const { nodeId, t, b } = message.data;
    const body = controlMessages[t].safeParse(b);
    if (body.success) this.#target.sendHere(nodeId, t, body.data as ControlMessages[typeof t]);
  }

  async #called(raw: unknown): Promise<unknown> {
    const { nodeId, call } = CallRequest.parse(raw);
    try {
      return { payload: await this.#target.callHere(nodeId, call) };
    } catch (error) {
      const code = error instanceof BacklotError ? error.code : 'internal';
      return { error: { code, message: error instanceof Error ? error.message : String(error) } };
    }
  }
}
